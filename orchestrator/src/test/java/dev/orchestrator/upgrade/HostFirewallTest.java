package dev.orchestrator.upgrade;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.settings.RouteSettings;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** An adoption that would cut off clients behind a firewall is refused, with what allows them. */
class HostFirewallTest {
  private static String refusal(String... blocked) {
    List<HostFirewall.Blocked> ports = Stream.of(blocked).map(HostFirewall.Blocked::parse).toList();
    RefusedException refused =
        assertThrows(RefusedException.class, () -> HostFirewall.requireOpen(ports));
    return String.valueOf(refused.getMessage());
  }

  @Test
  void onlyPortsThatOthersThanTheHostReachAreAskedFor() {
    assertEquals(
        List.of("tcp,8080"),
        HostFirewall.questions(
            List.of(
                new RouteSettings("web", "0.0.0.0", 8080, "web", 80),
                new RouteSettings("db", "127.0.0.1", 3306, "db", 3306))));
  }

  @Test
  void theLineToAddIsOfTheFirewallThatTheHostHas() {
    String text =
        "the firewall of this host drops connections to %s, which the engine's published"
            + " ports pass by and a stack's ports do not: allow them first, with %s";
    assertEquals(
        text.formatted("8080/tcp, 53/udp", "'ufw allow 8080/tcp'; 'ufw allow 53/udp'"),
        refusal("tcp 8080 ufw", "udp 53 ufw"));
    assertEquals(
        text.formatted(
            "8080/tcp", "'firewall-cmd --permanent --add-port=8080/tcp && firewall-cmd --reload'"),
        refusal("tcp 8080 firewalld"));
    assertEquals(
        text.formatted("8080/tcp", "'iptables -I INPUT -p tcp --dport 8080 -j ACCEPT'"),
        refusal("tcp 8080 iptables"));
    assertEquals(
        text.formatted(
            "8080/tcp", "the rule 'tcp dport 8080 accept' in the input chain of nftables"),
        refusal("tcp 8080 nft"));
  }

  @Test
  void aHostWithoutAFirewallIsFine() {
    assertDoesNotThrow(() -> HostFirewall.requireOpen(List.of()));
  }
}
