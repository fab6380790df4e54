package dev.orchestrator.netfilter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.netfilter.LeadRules.Lead;
import dev.orchestrator.netfilter.LeadRules.PortRange;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The text that nft reads; that it takes it is {@link HostPacketFilterTest}'s to show. */
class LeadRulesTest {
  private static final LeadRules RULES =
      new LeadRules(
          "orchestrator_1_shop",
          "orchestrator, stack shop",
          "docker0",
          List.of(
              new Lead("web", false, "", 8080, "172.17.0.2", 80, true),
              new Lead("db", false, "10.0.0.1", 3306, "172.17.0.2", 3306, true),
              new Lead("dns", true, "", 53, "172.17.0.2", 1053, false)));

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
  void clientsOfAServiceThatIsAlwaysToBeThereTryAgain() {
    assertLine("add element ip orchestrator_1_shop tcp_awaited { 8080 }");
    assertTrue(RULES.transaction().contains("@tcp_awaited counter drop"), RULES.transaction());
    assertFalse(RULES.transaction().contains("tcp_awaited { 53 }"), RULES.transaction());
  }

  @Test
  void theFirewallIsToLetTheseThrough() {
    assertEquals(
        Set.of(
            new PortRange("tcp", 8080, 8080),
            new PortRange("tcp", 3306, 3306),
            new PortRange("udp", 53, 53)),
        RULES.accepted());
  }

  @Test
  void portsThatFollowOneAnotherAreLetThroughByOneRule() {
    List<Lead> leads =
        IntStream.of(9000, 9001, 9002, 9004)
            .mapToObj(port -> new Lead("media", false, "", port, "172.17.0.2", port, false))
            .toList();
    assertEquals(
        Set.of(new PortRange("tcp", 9000, 9002), new PortRange("tcp", 9004, 9004)),
        new LeadRules("t", "", "docker0", leads).accepted());
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
