package dev.orchestrator.netfilter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.netfilter.HostPrograms.Result;
import dev.orchestrator.netfilter.LeadRules.Lead;
import dev.orchestrator.netfilter.PacketFilter.Figures;
import dev.orchestrator.testing.NetworkNamespaceFixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The kernel's own packet filter, in a network of its own, beside the chains that Docker makes. */
@Tag("engine")
@Timeout(120)
class HostPacketFilterTest {
  private static final String TABLE = "orchestrator_1a2b3c4d_shop";

  @TempDir Path directory;

  private final NetworkNamespaceFixture network = new NetworkNamespaceFixture();
  private final HostPrograms programs = new HostPrograms(network.inside());
  private Path forwarding;
  private HostPacketFilter filter;

  @BeforeEach
  void makeDockersChains() throws IOException {
    forwarding = Files.writeString(directory.resolve("ip_forward"), "1\n");
    filter = new HostPacketFilter(network.inside(), forwarding, address -> Optional.of("docker0"));
    run("iptables -P FORWARD DROP");
    run("iptables -N DOCKER-USER");
    run("iptables -A DOCKER-USER -s 192.0.2.0/24 -j DROP");
    run("iptables -A DOCKER-USER -j RETURN");
    run("iptables -A FORWARD -j DOCKER-USER");
  }

  @AfterEach
  void close() {
    network.close();
  }

  private String run(String command) {
    String[] words = command.split(" ", 2);
    Result result = programs.run("", words[0], List.of(words[1].split(" ", -1)));
    assertTrue(result.ok(), command + ": " + result.error());
    return result.out();
  }

  private static LeadRules rules(Lead... leads) {
    return new LeadRules(TABLE, "orchestrator, stack shop", "docker0", List.of(leads));
  }

  private static Lead web(String address) {
    return new Lead("web", false, "", 8080, address, 80, true);
  }

  private List<String> userChain() {
    return run("iptables -S DOCKER-USER").lines().toList();
  }

  @Test
  void rulesAreMadeReplacedAndRemoved() {
    Lead dns = new Lead("dns", true, "10.0.0.1", 53, "172.17.0.2", 1053, false);
    filter.lead(rules(web("172.17.0.2"), dns));
    String made = run("nft list table ip " + TABLE);
    assertTrue(made.contains("8080 : 172.17.0.2 . 80"), made);
    assertTrue(made.contains("10.0.0.1 . 53 : 172.17.0.2 . 1053"), made);
    assertEquals(List.of(TABLE), filter.tables("orchestrator_1a2b3c4d_"));

    filter.lead(rules(web("172.17.0.3")));
    filter.lead(rules(web("172.17.0.3")));
    String replaced = run("nft list table ip " + TABLE);
    assertTrue(replaced.contains("8080 : 172.17.0.3 . 80"), replaced);
    assertFalse(replaced.contains("172.17.0.2"), replaced);

    filter.leadNowhere(TABLE);
    String nowhere = run("nft list table ip " + TABLE);
    assertFalse(nowhere.contains("172.17.0.3"), nowhere);

    filter.remove(TABLE);
    assertEquals(
        "",
        run("nft list tables").lines().filter(line -> line.contains(TABLE)).findAny().orElse(""));
    filter.remove(TABLE);
    filter.leadNowhere(TABLE);
    assertEquals(3, userChain().size(), "the chain is as it was: " + userChain());
  }

  @Test
  void dockersRulesLetThroughWhatIsLedAfterWhatPeopleHaveSaid() {
    filter.lead(rules(web("172.17.0.2"), new Lead("old", false, "", 81, "172.17.0.2", 81, true)));
    filter.lead(rules(web("172.17.0.2"), new Lead("dns", true, "", 53, "172.17.0.2", 53, false)));
    List<String> chain = userChain();
    assertEquals("-A DOCKER-USER -s 192.0.2.0/24 -j DROP", chain.get(1), chain.toString());
    assertEquals(
        2,
        chain.stream()
            .filter(rule -> rule.matches(".*--ctstate DNAT --ctorigdstport (8080|53) .*ACCEPT"))
            .count(),
        chain.toString());
    assertEquals("-A DOCKER-USER -j RETURN", chain.getLast(), chain.toString());
    assertEquals(5, chain.size(), chain.toString());
  }

  @Test
  void whatOthersWouldDropIsNotLed() {
    run("nft add table inet mine");
    run("nft add chain inet mine forward { type filter hook forward priority 0 ; policy drop ; }");
    RefusedException refused =
        assertThrows(RefusedException.class, () -> filter.lead(rules(web("172.17.0.2"))));
    String why = String.valueOf(refused.getMessage());
    assertTrue(why.contains("chain forward of the nftables table inet mine"), why);
    assertEquals(List.of(), filter.tables(TABLE));
    run("nft add rule inet mine forward ct status dnat accept");
    filter.lead(rules(web("172.17.0.2")));
    assertEquals(List.of(TABLE), filter.tables(TABLE));
  }

  @Test
  void aHostThatDropsAndHasNoChainForUsIsNamed() {
    run("iptables -F FORWARD");
    RefusedException refused =
        assertThrows(RefusedException.class, () -> filter.lead(rules(web("172.17.0.2"))));
    assertTrue(String.valueOf(refused.getMessage()).contains("DOCKER-USER"), refused::toString);
    run("iptables -P FORWARD ACCEPT");
    filter.lead(rules(web("172.17.0.2")));
  }

  @Test
  void rulesForTheHostItselfAreFound() {
    run("iptables -D DOCKER-USER 1");
    filter.lead(rules(web("172.17.0.2")));
    assertEquals("", filter.findFirewallRules(), "its own are none");
    run("iptables -A INPUT -p tcp --dport 8080 -j DROP");
    assertEquals("chain INPUT of iptables", filter.findFirewallRules());
    run("iptables -F INPUT");
    run("nft add table inet mine");
    run("nft add chain inet mine in { type filter hook input priority 0 ; }");
    assertEquals("", filter.findFirewallRules(), "a chain without rules");
    run("nft add rule inet mine in tcp dport 8080 drop");
    assertEquals("chain in of the nftables table inet mine", filter.findFirewallRules());
  }

  @Test
  void rulesThatMayDropWhatIsForwardedAreFound() {
    assertEquals("chain DOCKER-USER of iptables", filter.findFirewallRules());
    run("iptables -R DOCKER-USER 1 -s 192.0.2.0/24 -j ACCEPT");
    run("iptables -A FORWARD -s 192.0.2.0/24 -j DROP");
    assertEquals("", filter.findFirewallRules(), "what is led was let through before it");
    run("iptables -I FORWARD -s 192.0.2.0/24 -j DROP");
    assertEquals("chain FORWARD of iptables", filter.findFirewallRules());
    run("iptables -D FORWARD 1");
    run("nft add table inet mine");
    run("nft add chain inet mine through { type filter hook forward priority 0 ; }");
    run("nft add rule inet mine through tcp dport 80 drop");
    assertEquals("chain through of the nftables table inet mine", filter.findFirewallRules());
  }

  @Test
  void aRangeOfPortsTakesOneRuleOfTheUsersChain() {
    List<Lead> range =
        IntStream.rangeClosed(9000, 9999)
            .mapToObj(port -> new Lead("media", true, "", port, "172.17.0.2", port, false))
            .toList();
    filter.lead(rules(range.toArray(Lead[]::new)));
    filter.lead(rules(range.toArray(Lead[]::new)));
    assertEquals(4, userChain().size(), userChain().toString());
    assertTrue(userChain().get(2).contains("--ctorigdstport 9000:9999"), userChain().toString());
    filter.remove(TABLE);
    assertEquals(3, userChain().size(), userChain().toString());
  }

  @Test
  void aHostThatForwardsNothingCannot() throws IOException {
    assertEquals("", filter.findObstacle());
    Files.writeString(forwarding, "0\n");
    assertTrue(filter.findObstacle().contains("ip_forward"), filter.findObstacle());
  }

  @Test
  void nothingIsCountedWhereNothingWent() {
    filter.lead(rules(web("172.17.0.2")));
    assertEquals(Map.of("web", Figures.NONE), filter.figures(TABLE));
    assertEquals(Map.of(), filter.figures("none"));
    assertEquals(List.of(), filter.connections());
    filter.cut(false, "172.17.0.2");
    filter.cut(true, "172.17.0.2");
  }
}
