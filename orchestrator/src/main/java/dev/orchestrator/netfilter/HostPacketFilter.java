package dev.orchestrator.netfilter;

import com.fasterxml.jackson.databind.JsonNode;
import dev.orchestrator.common.Json;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.netfilter.HostPrograms.Result;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InterfaceAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * The packet filter of this host, by the programs {@code nft} and {@code conntrack}. Docker's rules
 * drop what they do not know of what the host forwards; a rule in its chain {@code DOCKER-USER}, by
 * {@code iptables}, lets through what is led by these tables.
 */
public final class HostPacketFilter implements PacketFilter {
  private static final Path FORWARDING = Path.of("/proc/sys/net/ipv4/ip_forward");
  private static final String USER_CHAIN = "DOCKER-USER";
  private static final String TO_USER_CHAIN = "-A FORWARD -j " + USER_CHAIN;
  private static final String NO_INPUT_RULES = "-P INPUT ACCEPT";

  /** Of the warning that this program of iptables does not show all rules that hold. */
  private static final String LEGACY_TABLES = "iptables-legacy tables present";

  /** How the names of all tables begin that any service of this kind makes. */
  private static final String OUR_TABLES = "orchestrator_";

  /** A rule that drops nothing. */
  private static final Pattern HARMLESS =
      Pattern.compile("-A \\S+ (.* )?-j (ACCEPT|RETURN|LOG)\\b.*");

  /** An accept of a table of its own that is asked for where a chain drops what is forwarded. */
  private static final String ACCEPTS_LED = "ct status dnat accept";

  private static final Pattern OUR_ACCEPT =
      Pattern.compile(
          "-A "
              + USER_CHAIN
              + " (?<rule>-p (?<protocol>tcp|udp) .*--ctorigdstport (?<first>\\d+)(:(?<last>\\d+))?"
              + " .*--comment (?<table>\\S+) -j ACCEPT)");

  private final HostPrograms programs;
  private final Path forwarding;
  private final Function<String, Optional<String>> bridges;

  /** The packet filter of the network that this process is in. */
  public HostPacketFilter() {
    this(List.of(), FORWARDING, HostPacketFilter::findBridge);
  }

  /**
   * The packet filter of another network.
   *
   * @param prefix words with which a command line begins that is to run there
   * @param forwarding a file with 1 where that network forwards packets
   * @param bridges the network there that an address belongs to
   */
  HostPacketFilter(
      List<String> prefix, Path forwarding, Function<String, Optional<String>> bridges) {
    this.programs = new HostPrograms(prefix);
    this.forwarding = forwarding;
    this.bridges = bridges;
  }

  @Override
  public String findObstacle() {
    for (String program : List.of("nft", "conntrack")) {
      if (!programs.has(program)) {
        return "the program %s is not installed (Debian: package %s)"
            .formatted(program, program.equals("nft") ? "nftables" : program);
      }
    }
    Result tables = programs.run("nft", "list", "tables");
    if (!tables.ok()) {
      return "this service may not change the packet filter (nft: %s)".formatted(tables.reason());
    }
    try {
      return Files.readString(forwarding).strip().equals("1")
          ? ""
          : "this host forwards no packets (net.ipv4.ip_forward is 0)";
    } catch (IOException e) {
      return "%s can't be read: %s".formatted(forwarding, e.getMessage());
    }
  }

  @Override
  public Optional<String> bridgeOf(String address) {
    return bridges.apply(address);
  }

  private static Optional<String> findBridge(String address) {
    try {
      byte[] wanted = InetAddress.getByName(address).getAddress();
      return NetworkInterface.networkInterfaces()
          .filter(network ->
              network.getInterfaceAddresses().stream().anyMatch(own -> isIn(wanted, own)))
          .map(NetworkInterface::getName)
          .filter(name -> !name.equals("lo"))
          .findFirst();
    } catch (UnknownHostException | SocketException e) {
      return Optional.empty();
    }
  }

  private static boolean isIn(byte[] address, InterfaceAddress network) {
    byte[] own = network.getAddress().getAddress();
    int length = network.getNetworkPrefixLength();
    if (own.length != address.length || Arrays.equals(own, address)) {
      return false;
    }
    for (int bit = 0; bit < length; bit++) {
      int mask = 0x80 >> bit % 8;
      if ((own[bit / 8] & mask) != (address[bit / 8] & mask)) {
        return false;
      }
    }
    return true;
  }

  @Override
  public String findFirewallRules() {
    Set<String> found = new LinkedHashSet<>();
    if (programs.has("iptables")) {
      Result input = programs.run("iptables", "-w", "-S", "INPUT");
      if (!input.out().strip().equals(NO_INPUT_RULES)) {
        found.add("chain INPUT of iptables");
      }
      if (input.error().contains(LEGACY_TABLES)) {
        found.add("tables of iptables-legacy beside those of iptables");
      }
      found.addAll(findForwardRules());
    }
    Stream.of("input", "forward")
        .flatMap(hook -> chains(hook).stream())
        .filter(chain -> !isOfIptables(chain, "INPUT") && !isOfIptables(chain, "FORWARD"))
        .filter(chain -> !chain.path("table").asText().startsWith(OUR_TABLES))
        .filter(this::isFiltering)
        .forEach(chain -> found.add(describe(chain)));
    return String.join(", ", found);
  }

  /** The chains of iptables that may drop what is forwarded before it is let through for us. */
  private Set<String> findForwardRules() {
    Set<String> found = new LinkedHashSet<>();
    List<String> before =
        forwardRules().stream().takeWhile(rule -> !rule.equals(TO_USER_CHAIN)).toList();
    if (before.stream().anyMatch(HostPacketFilter::mayDrop)) {
      found.add("chain FORWARD of iptables");
    }
    if (hasUserChain()
        && userRules().orElse(List.of()).stream().anyMatch(HostPacketFilter::mayDrop)) {
      found.add("chain %s of iptables".formatted(USER_CHAIN));
    }
    return found;
  }

  /** A rule that ends with another chain may drop there. */
  private static boolean mayDrop(String rule) {
    return rule.startsWith("-A ") && !HARMLESS.matcher(rule).matches();
  }

  /** Whether a chain has rules, or drops what has none. */
  private boolean isFiltering(JsonNode chain) {
    if (chain.path("policy").asText().equals("drop")) {
      return true;
    }
    Result listed = list(chain, "-j");
    return !listed.ok()
        || StreamSupport.stream(Json.tree(listed.out()).path("nftables").spliterator(), false)
            .anyMatch(each -> each.has("rule"));
  }

  private Result list(JsonNode chain, String... options) {
    List<String> arguments = new ArrayList<>(List.of(options));
    arguments.addAll(List.of("list", "chain"));
    for (String part : List.of("family", "table", "name")) {
      arguments.add(chain.path(part).asText());
    }
    return programs.run("", "nft", arguments);
  }

  /** The chains of this kind for IPv4 that filter. */
  private List<JsonNode> chains(String hook) {
    Result listed = programs.run("nft", "-j", "list", "chains");
    if (!listed.ok()) {
      return List.of();
    }
    return StreamSupport.stream(Json.tree(listed.out()).path("nftables").spliterator(), false)
        .map(each -> each.path("chain"))
        .filter(chain -> chain.path("hook").asText().equals(hook))
        .filter(chain -> chain.path("type").asText().equals("filter"))
        .filter(chain -> Set.of("ip", "inet").contains(chain.path("family").asText()))
        .toList();
  }

  private static boolean isOfIptables(JsonNode chain, String name) {
    return chain.path("family").asText().equals("ip")
        && chain.path("table").asText().equals("filter")
        && chain.path("name").asText().equals(name);
  }

  private static String describe(JsonNode chain) {
    return "chain %s of the nftables table %s %s"
        .formatted(
            chain.path("name").asText(),
            chain.path("family").asText(),
            chain.path("table").asText());
  }

  @Override
  public void lead(LeadRules rules) {
    requireForwarded();
    // A connection that is led must find the way free.
    accept(rules.table(), rules.accepted());
    transact(rules.table(), rules.transaction());
  }

  /** Refuses what a chain would drop that we can put no rule into. */
  private void requireForwarded() {
    if (programs.has("iptables") && !hasUserChain()) {
      List<String> forward = forwardRules();
      boolean drops =
          forward.contains("-P FORWARD DROP")
              || forward.stream().anyMatch(rule -> rule.matches(".* -j (DROP|REJECT)\\b.*"));
      if (drops) {
        throw new RefusedException(
            "chain FORWARD of iptables drops what is forwarded, and there is no chain %s to allow it in"
                .formatted(USER_CHAIN));
      }
    }
    for (JsonNode chain : chains("forward")) {
      boolean drops = chain.path("policy").asText().equals("drop");
      if (drops && !isOfIptables(chain, "FORWARD") && !acceptsLed(chain)) {
        throw new RefusedException(
            "%s drops what is forwarded: add the rule '%s' to it"
                .formatted(describe(chain), ACCEPTS_LED));
      }
    }
  }

  private boolean acceptsLed(JsonNode chain) {
    return list(chain).out().contains(ACCEPTS_LED);
  }

  private List<String> forwardRules() {
    return programs.run("iptables", "-w", "-S", "FORWARD").out().lines().toList();
  }

  private boolean hasUserChain() {
    return forwardRules().contains(TO_USER_CHAIN);
  }

  /**
   * Lets these ports through, where they are led elsewhere, and no others of the table. What people
   * have in the chain comes first.
   */
  private void accept(String table, Set<LeadRules.PortRange> wanted) {
    Optional<List<String>> chain = programs.has("iptables") ? userRules() : Optional.empty();
    if (chain.isEmpty()) {
      return; // There is no such chain, and requireForwarded() has seen that it is not needed.
    }
    List<String> rules = chain.get();
    Set<LeadRules.PortRange> missing = new LinkedHashSet<>(wanted);
    Set<LeadRules.PortRange> present = new HashSet<>();
    int others = 0;
    for (String line : rules) {
      Matcher rule = OUR_ACCEPT.matcher(line);
      if (!rule.matches() || !rule.group("table").equals(table)) {
        others++;
        continue;
      }
      LeadRules.PortRange ports = ports(rule);
      missing.remove(ports);
      if (!wanted.contains(ports) || !present.add(ports)) {
        iptables(table, "-D", USER_CHAIN, List.of(rule.group("rule").split(" ", -1)));
      }
    }
    boolean returns = !rules.isEmpty() && rules.getLast().equals("-A " + USER_CHAIN + " -j RETURN");
    int place = others + present.size() + (returns ? 0 : 1);
    for (LeadRules.PortRange ports : missing) {
      List<String> rule = new ArrayList<>();
      rule.add(Integer.toString(place++));
      rule.addAll(
          List.of(
              "-p %s -m conntrack --ctstate DNAT --ctorigdstport %s -m comment --comment %s -j ACCEPT"
                  .formatted(ports.protocol(), ports.ports(), table)
                  .split(" ", -1)));
      iptables(table, "-I", USER_CHAIN, rule);
    }
  }

  /** What the chain has for people's own rules; empty where there is no such chain. */
  private Optional<List<String>> userRules() {
    Result listed = programs.run("iptables", "-w", "-S", USER_CHAIN);
    return listed.ok()
        ? Optional.of(listed.out().lines().filter(line -> line.startsWith("-A ")).toList())
        : Optional.empty();
  }

  private static LeadRules.PortRange ports(Matcher rule) {
    int first = Integer.parseInt(rule.group("first"));
    String last = rule.group("last");
    return new LeadRules.PortRange(
        rule.group("protocol"), first, last == null ? first : Integer.parseInt(last));
  }

  private void iptables(String table, String command, String chain, List<String> rule) {
    List<String> arguments = new ArrayList<>(List.of("-w", command, chain));
    arguments.addAll(rule);
    Result result = programs.run("", "iptables", arguments);
    if (!result.ok()) {
      throw new RefusedException(
          "iptables %s for table %s: %s"
              .formatted(String.join(" ", arguments), table, result.reason()));
    }
  }

  private void transact(String table, String text) {
    Result result = programs.run(text, "nft", List.of("-f", "-"));
    if (!result.ok()) {
      throw new RefusedException("nft for table ip %s: %s".formatted(table, result.reason()));
    }
  }

  @Override
  public void leadNowhere(String table) {
    if (isThere(table)) {
      transact(table, LeadRules.leadNowhere(table));
    }
  }

  private boolean isThere(String table) {
    Result listed = programs.run("nft", "list", "tables");
    if (!listed.ok()) {
      throw new RefusedException("nft does not tell its tables: " + listed.reason());
    }
    return tables(listed, table).contains(table);
  }

  @Override
  public void remove(String table) {
    if (isThere(table)) {
      transact(table, "delete table ip " + table + "\n");
    }
    accept(table, Set.of());
  }

  @Override
  public List<String> tables(String prefix) {
    if (!programs.has("nft")) {
      return List.of();
    }
    return tables(programs.run("nft", "list", "tables"), prefix);
  }

  private static List<String> tables(Result listed, String prefix) {
    return listed
        .out()
        .lines()
        .filter(line -> line.startsWith("table ip " + prefix))
        .map(line -> line.substring("table ip ".length()))
        .toList();
  }

  @Override
  public Map<String, Figures> figures(String table) {
    Result listed = programs.run("nft", "-j", "list", "counters", "table", "ip", table);
    if (!listed.ok()) {
      return Map.of();
    }
    Map<String, Figures> figures = new HashMap<>();
    for (JsonNode each : Json.tree(listed.out()).path("nftables")) {
      JsonNode counter = each.path("counter");
      String[] name = counter.path("name").asText().split("_", 2);
      if (name.length == 2) {
        Figures figure =
            name[0].equals("connections")
                ? new Figures(counter.path("packets").asLong(), 0)
                : new Figures(0, counter.path("bytes").asLong());
        figures.merge(
            name[1],
            figure,
            (a, b) -> new Figures(a.connections() + b.connections(), a.bytes() + b.bytes()));
      }
    }
    return figures;
  }

  @Override
  public List<TrackedConnection> connections() {
    Result listed = programs.run("conntrack", "-L", "-f", "ipv4", "--dst-nat");
    if (!listed.ok()) {
      throw new RefusedException(
          "the kernel's list of connections can't be read: conntrack: " + listed.reason());
    }
    return listed.out().lines().flatMap(line -> TrackedConnection.parse(line).stream()).toList();
  }

  @Override
  public void cut(boolean udp, String address) {
    Result result =
        programs.run("conntrack", "-D", "-p", udp ? "udp" : "tcp", "--dst-nat", address);
    // It ends with 1 where there was none, too.
    if (!result.ok() && !result.error().contains("flow entries have been deleted")) {
      throw new RefusedException(
          "connections to %s can't be cut: conntrack: %s".formatted(address, result.reason()));
    }
  }
}
