package dev.orchestrator.capsule;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What {@code capsule-redirect blocked} makes of the rules of a host's firewall, with programs of
 * the test that print those rules.
 */
class RedirectScriptTest {
  private static final Path SCRIPT =
      Path.of("../config/image/lib/capsule-redirect").toAbsolutePath().normalize();

  @TempDir Path programs;

  @BeforeEach
  void makePrograms() throws IOException {
    program("iptables-nft", "cat '%s/rules'".formatted(programs));
    program("iptables-legacy", "exit 1");
    program(
        "nft",
        "[ -e '%1$s/ruleset' ] || exit 1; case \"$*\" in *ruleset) cat '%1$s/ruleset' ;; esac"
            .formatted(programs));
    Files.writeString(programs.resolve("rules"), "");
  }

  private void program(String name, String text) throws IOException {
    Path file = Files.writeString(programs.resolve(name), "#!/bin/sh\n" + text + "\n");
    if (!file.toFile().setExecutable(true)) {
      throw new IOException(file + " can't be made executable");
    }
  }

  private String blocked() throws Exception {
    ProcessBuilder bash =
        new ProcessBuilder(List.of("bash", SCRIPT.toString(), "blocked", "tcp,8080", "udp,53"));
    Map<String, String> environment = bash.environment();
    environment.put("PATH", programs + ":" + environment.get("PATH"));
    Process process = bash.redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), said);
    return String.join("; ", said.lines().toList());
  }

  private String blocked(String rules) throws Exception {
    Files.writeString(programs.resolve("rules"), rules);
    return blocked();
  }

  private static final String BOTH = "tcp 8080 iptables; udp 53 iptables";

  @Test
  void whatAPolicyOrALastRuleDropsIsFoundUnlessARuleAcceptsIt() throws Exception {
    String start =
        """
        -P INPUT DROP
        -A INPUT -i lo -j ACCEPT
        -A INPUT -i docker0 -j ACCEPT
        -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
        -A INPUT -p icmp -j ACCEPT
        -A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
        """;
    assertEquals("", blocked("-P INPUT ACCEPT\n"));
    assertEquals(BOTH, blocked(start));
    assertEquals(
        BOTH, blocked(start.replace("-P INPUT DROP", "-P INPUT ACCEPT") + "-A INPUT -j REJECT\n"));
    assertEquals(
        "udp 53 iptables",
        blocked(start + "-A INPUT -p tcp -m multiport --dports 80,8000:8100 -j ACCEPT\n"));
    assertEquals(
        "tcp 8080 iptables", blocked("-P INPUT ACCEPT\n-A INPUT -p tcp ! --dport 22 -j DROP\n"));
  }

  @Test
  void whomAFirewallLetsPassByTheirAddressIsItsOwnAffair() throws Exception {
    assertEquals("", blocked("-P INPUT DROP\n-A INPUT -s 10.0.0.0/8 -j ACCEPT\n"));
    assertEquals("", blocked("-P INPUT ACCEPT\n-A INPUT -s 6.6.6.6 -j DROP\n"));
    assertEquals("", blocked("-P INPUT DROP\n-A INPUT -i eth1 -j ACCEPT\n"));
  }

  @Test
  void chainsAreFollowedAsByUfw() throws Exception {
    String ufw =
        """
        -P INPUT DROP
        -N ufw-before-input
        -N ufw-not-local
        -N ufw-user-input
        -A INPUT -j ufw-before-input
        -A ufw-before-input -i lo -j ACCEPT
        -A ufw-before-input -j ufw-not-local
        -A ufw-before-input -j ufw-user-input
        -A ufw-not-local -m addrtype --dst-type LOCAL -j RETURN
        -A ufw-not-local -j DROP
        """;
    assertEquals("tcp 8080 ufw; udp 53 ufw", blocked(ufw));
    assertEquals(
        "udp 53 ufw",
        blocked(
            ufw
                + "-A ufw-user-input -p tcp -m tcp --dport 8080 -m comment"
                + " --comment \"the web -j DROP\" -j ACCEPT\n"));
    assertEquals(
        "udp 53 iptables",
        blocked(
            """
            -P INPUT DROP
            -N web
            -A INPUT -g web
            -A INPUT -j ACCEPT
            -A web -p tcp -m tcp --dport 8080 -j ACCEPT
            """));
  }

  private static String rule(String table, String chain, String... words) {
    return "{\"rule\": {\"family\": \"inet\", \"table\": \"%s\", \"chain\": \"%s\", \"expr\": [%s]}}"
        .formatted(table, chain, String.join(", ", words));
  }

  private static final String ACCEPT = "{\"accept\": null}";

  private static String match(String left, String right) {
    return "{\"match\": {\"op\": \"==\", \"left\": %s, \"right\": %s}}".formatted(left, right);
  }

  private static String ports(String right) {
    return match("{\"payload\": {\"protocol\": \"tcp\", \"field\": \"dport\"}}", right);
  }

  private String blockedByNft(String table, String policy, String... rules) throws Exception {
    List<String> all = new ArrayList<>();
    all.add(
        "{\"chain\": {\"family\": \"inet\", \"table\": \"%s\", \"name\": \"input\", \"type\": \"filter\", \"hook\": \"input\", \"policy\": \"%s\"}}"
            .formatted(table, policy));
    all.addAll(List.of(rules));
    Files.writeString(
        programs.resolve("ruleset"), "{\"nftables\": [%s]}".formatted(String.join(", ", all)));
    return blocked("-P INPUT ACCEPT\n");
  }

  @Test
  void tablesOfNftablesAreReadToo() throws Exception {
    String loopback =
        rule("filter", "input", match("{\"meta\": {\"key\": \"iif\"}}", "\"lo\""), ACCEPT);
    String established =
        rule(
            "filter",
            "input",
            match("{\"ct\": {\"key\": \"state\"}}", "[\"established\", \"related\"]"),
            ACCEPT);
    String ssh = rule("filter", "input", ports("22"), ACCEPT);
    String web =
        rule("filter", "input", ports("{\"set\": [80, {\"range\": [8000, 8100]}]}"), ACCEPT);
    assertEquals("", blockedByNft("filter", "accept"));
    assertEquals(
        "tcp 8080 nft; udp 53 nft", blockedByNft("filter", "drop", loopback, established, ssh));
    assertEquals("udp 53 nft", blockedByNft("filter", "drop", loopback, established, ssh, web));
  }

  @Test
  void firewalldIsNamed() throws Exception {
    String end = rule("firewalld", "input", "{\"reject\": {\"type\": \"icmpx\"}}");
    assertEquals("tcp 8080 firewalld; udp 53 firewalld", blockedByNft("firewalld", "accept", end));
    assertEquals(
        "udp 53 firewalld",
        blockedByNft(
            "firewalld", "accept", rule("firewalld", "public", ports("8080"), ACCEPT), end));
  }
}
