package dev.orchestrator.netfilter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.netfilter.LeadRules.Lead;
import dev.orchestrator.netfilter.LeadRules.Port;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The text that nft reads; that it takes it is {@link HostPacketFilterTest}'s to show. */
class LeadRulesTest {
  private static final LeadRules RULES =
      new LeadRules(
          "orchestrator_1_shop",
          "orchestrator, stack shop",
          "docker0",
          List.of(
              new Lead("web", false, "", 8080, "172.17.0.2", 80),
              new Lead("db", false, "10.0.0.1", 3306, "172.17.0.2", 3306),
              new Lead("dns", true, "", 53, "172.17.0.2", 1053)));

  private static void assertLine(String line) {
    assertTrue(RULES.transaction().lines().anyMatch(line::equals), RULES.transaction());
  }

  @Test
  void aPortOfAllAddressesIsLedWhateverAddressOfTheHostItIs() {
    assertLine("add element ip orchestrator_1_shop tcp_any { 8080 : 172.17.0.2 . 80 }");
    assertLine("add element ip orchestrator_1_shop udp_any { 53 : 172.17.0.2 . 1053 }");
    assertLine(
        "add rule ip orchestrator_1_shop lead fib daddr type local dnat to tcp dport map @tcp_any");
  }

  @Test
  void aPortOfOneAddressIsLedThereAlone() {
    assertLine("add element ip orchestrator_1_shop tcp_at { 10.0.0.1 . 3306 : 172.17.0.2 . 3306 }");
  }

  @Test
  void whatComesFromTheCapsulesOwnNetworkIsLedNowhere() {
    List<String> lines = RULES.transaction().lines().toList();
    int first = lines.indexOf("add rule ip orchestrator_1_shop lead iifname \"docker0\" return");
    assertEquals(
        first,
        lines.stream().filter(line -> line.startsWith("add rule ")).findFirst().stream()
            .mapToInt(lines::indexOf)
            .sum(),
        "before everything else");
  }

  @Test
  void eachRouteIsCounted() {
    assertLine("add element ip orchestrator_1_shop udp_connections { 53 : \"connections_dns\" }");
    assertLine("add counter ip orchestrator_1_shop bytes_dns");
    assertEquals("a_b", LeadRules.counterName("a.b"));
  }

  @Test
  void theFirewallIsToLetTheseThrough() {
    assertEquals(
        Set.of(new Port("tcp", 8080), new Port("tcp", 3306), new Port("udp", 53)),
        RULES.accepted());
  }

  @Test
  void leadingNowhereKeepsTheTableAndItsCounters() {
    assertEquals(
        """
        flush map ip t tcp_any
        flush map ip t tcp_at
        flush map ip t udp_any
        flush map ip t udp_at
        """,
        LeadRules.leadNowhere("t"));
  }
}
