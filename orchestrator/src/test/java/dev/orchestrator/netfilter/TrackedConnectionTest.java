package dev.orchestrator.netfilter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Lines of {@code conntrack -L}, and of the kernel's own list. */
class TrackedConnectionTest {
  private static final String LED =
      "tcp      6 431999 ESTABLISHED src=10.1.0.2 dst=10.1.0.1 sport=50244 dport=8080"
          + " src=172.17.0.2 dst=10.1.0.2 sport=80 dport=50244 [ASSURED] mark=0 use=1";

  @Test
  void aConnectionThatWasLedElsewhere() {
    TrackedConnection expected =
        new TrackedConnection(false, "ESTABLISHED", "10.1.0.1", 8080, "172.17.0.2");
    assertEquals(Optional.of(expected), TrackedConnection.parse(LED));
    assertEquals(Optional.of(expected), TrackedConnection.parse("ipv4     2 " + LED));
    assertTrue(expected.isOpen());
  }

  @Test
  void datagramsHaveNoState() {
    TrackedConnection found =
        TrackedConnection.parse(
                "udp      17 29 src=10.1.0.2 dst=10.1.0.1 sport=5 dport=53 [UNREPLIED]"
                    + " src=172.17.0.2 dst=10.1.0.2 sport=53 dport=5 mark=0 use=1")
            .orElseThrow();
    assertEquals(new TrackedConnection(true, "", "10.1.0.1", 53, "172.17.0.2"), found);
    assertTrue(found.isOpen());
  }

  @Test
  void whatHasEndedIsNotOpen() {
    assertFalse(
        TrackedConnection.parse(LED.replace("ESTABLISHED", "TIME_WAIT")).orElseThrow().isOpen());
    assertFalse(
        TrackedConnection.parse(LED.replace("ESTABLISHED", "LAST_ACK")).orElseThrow().isOpen());
  }

  @Test
  void othersAreLeftOut() {
    assertEquals(
        Optional.empty(),
        TrackedConnection.parse(
            "tcp      6 98 TIME_WAIT src=127.0.0.1 dst=127.0.0.1 sport=1 dport=2 src=127.0.0.1"
                + " dst=127.0.0.1 sport=2 dport=1 [ASSURED] mark=0 use=1"),
        "led nowhere else");
    assertEquals(
        Optional.empty(), TrackedConnection.parse("icmp     1 29 src=10.1.0.2 dst=10.1.0.1"));
    assertEquals(Optional.empty(), TrackedConnection.parse(""));
  }
}
