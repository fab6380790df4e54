package dev.orchestrator.netfilter;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Where new connections are led: a table of the kernel's packet filter, and its text.
 *
 * @param table its name
 * @param comment whose it is, for a person who lists the tables
 * @param bridge the network that the connections are led into; what comes from there itself is led
 *     nowhere, as its answers would not come back this way
 */
public record LeadRules(String table, String comment, String bridge, List<Lead> leads) {

  /**
   * A port of this host, and where new connections to it go.
   *
   * @param host an IPv4 address of this host; empty for all
   * @param awaited whether a client of tcp that is refused there is not told, so that its own
   *     kernel tries again: a service that is always to be there is about to start
   */
  public record Lead(
      String route,
      boolean udp,
      String host,
      int port,
      String toAddress,
      int toPort,
      boolean awaited) {
    String protocol() {
      return udp ? "udp" : "tcp";
    }
  }

  /**
   * A port of this host.
   *
   * @param protocol {@code tcp} or {@code udp}
   */
  private record Port(String protocol, int number) {}

  private static final Comparator<Port> BY_NUMBER =
      Comparator.comparing(Port::protocol).thenComparingInt(Port::number);

  /** Ports of this host that follow one another. */
  record PortRange(String protocol, int first, int last) {

    /** As iptables writes them. */
    String ports() {
      return first == last ? Integer.toString(first) : first + ":" + last;
    }
  }

  private static final List<String> PROTOCOLS = List.of("tcp", "udp");

  public LeadRules {
    leads = List.copyOf(leads);
  }

  /** The name of a route's counter of connections; the kernel's names have fewer letters. */
  static String connectionsCounter(String route) {
    return "connections_" + counterName(route);
  }

  static String bytesCounter(String route) {
    return "bytes_" + counterName(route);
  }

  /** A route as the names of its counters end. */
  public static String counterName(String route) {
    return route.replaceAll("[^a-zA-Z0-9_-]", "_");
  }

  /**
   * One transaction: all of it holds, or nothing. What the table has counted so far stays. The
   * priorities put it in front of the engine's own rules, which have -100 and 100.
   */
  String transaction() {
    List<String> lines = new ArrayList<>();
    lines.add("add table ip %s { comment \"%s\" ; }".formatted(table, comment));
    for (String protocol : PROTOCOLS) {
      lines.addAll(map(protocol + "_any", "inet_service : ipv4_addr . inet_service"));
      lines.addAll(map(protocol + "_at", "ipv4_addr . inet_service : ipv4_addr . inet_service"));
      lines.addAll(map(protocol + "_connections", "inet_service : counter"));
      lines.addAll(map(protocol + "_bytes", "inet_service : counter"));
    }
    lines.addAll(chain("lead", "nat hook prerouting priority -101"));
    lines.add("add set ip %s tcp_awaited { type inet_service ; }".formatted(table));
    lines.add("flush set ip %s tcp_awaited".formatted(table));
    lines.addAll(chain("wait", "filter hook forward priority -11"));
    // A chain of the type nat sees the first packet of a connection alone.
    lines.addAll(chain("count_connections", "nat hook postrouting priority 99"));
    lines.addAll(chain("count_bytes", "filter hook forward priority -10"));
    for (String route : routes()) {
      lines.add("add counter ip %s %s".formatted(table, connectionsCounter(route)));
      lines.add("add counter ip %s %s".formatted(table, bytesCounter(route)));
    }
    for (Lead lead : leads) {
      boolean any = lead.host().isEmpty();
      lines.add(
          element(
              lead.protocol() + (any ? "_any" : "_at"),
              (any ? "" : lead.host() + " . ") + lead.port(),
              lead.toAddress() + " . " + lead.toPort()));
      if (lead.awaited()) {
        lines.add("add element ip %s tcp_awaited { %d }".formatted(table, lead.port()));
      }
    }
    ports()
        .forEach((port, route) -> {
          lines.add(
              element(
                  port.protocol() + "_connections",
                  Integer.toString(port.number()),
                  '"' + connectionsCounter(route) + '"'));
          lines.add(
              element(
                  port.protocol() + "_bytes",
                  Integer.toString(port.number()),
                  '"' + bytesCounter(route) + '"'));
        });
    lines.add(rule("lead", "iifname \"%s\" return".formatted(bridge)));
    // A reset that answers the first packet of a connection, which was not established before.
    lines.add(
        rule(
            "wait",
            "tcp flags & rst == rst ct direction reply ct status & (dnat | assured) == dnat"
                + " ct original proto-dst @tcp_awaited counter drop"));
    for (String protocol : PROTOCOLS) {
      lines.add(rule("lead", "dnat to ip daddr . %1$s dport map @%1$s_at".formatted(protocol)));
      lines.add(
          rule(
              "lead", "fib daddr type local dnat to %1$s dport map @%1$s_any".formatted(protocol)));
      lines.add(rule("count_connections", count(protocol, "connections")));
      lines.add(rule("count_bytes", count(protocol, "bytes")));
    }
    return String.join("\n", lines) + "\n";
  }

  /** One transaction after which nothing is led anywhere; the table must be there. */
  static String leadNowhere(String table) {
    return PROTOCOLS.stream()
        .flatMap(protocol -> Stream.of(protocol + "_any", protocol + "_at"))
        .map(map -> "flush map ip %s %s\n".formatted(table, map))
        .collect(Collectors.joining());
  }

  /**
   * The ports that are to pass the host's rules for what it forwards, in as few ranges as can be.
   */
  Set<PortRange> accepted() {
    Set<PortRange> ranges = new LinkedHashSet<>();
    @Nullable PortRange last = null;
    for (Port port : ports().keySet()) {
      if (last != null
          && last.protocol().equals(port.protocol())
          && last.last() + 1 == port.number()) {
        ranges.remove(last);
        last = new PortRange(port.protocol(), last.first(), port.number());
      } else {
        last = new PortRange(port.protocol(), port.number(), port.number());
      }
      ranges.add(last);
    }
    return ranges;
  }

  private Set<String> routes() {
    return leads.stream().map(Lead::route).collect(Collectors.toCollection(TreeSet::new));
  }

  /** The route of each port; of several with the same port, at other addresses, the first. */
  private SortedMap<Port, String> ports() {
    SortedMap<Port, String> ports = new TreeMap<>(BY_NUMBER);
    leads.forEach(lead -> ports.putIfAbsent(new Port(lead.protocol(), lead.port()), lead.route()));
    return ports;
  }

  private List<String> map(String name, String type) {
    return List.of(
        "add map ip %s %s { type %s ; }".formatted(table, name, type),
        "flush map ip %s %s".formatted(table, name));
  }

  private List<String> chain(String name, String hook) {
    return List.of(
        "add chain ip %s %s { type %s ; policy accept ; }".formatted(table, name, hook),
        "flush chain ip %s %s".formatted(table, name));
  }

  private String element(String map, String key, String value) {
    return "add element ip %s %s { %s : %s }".formatted(table, map, key, value);
  }

  private String rule(String chain, String rule) {
    return "add rule ip %s %s %s".formatted(table, chain, rule);
  }

  private static String count(String protocol, String figure) {
    return "ct status dnat meta l4proto %1$s counter name ct original proto-dst map @%1$s_%2$s"
        .formatted(protocol, figure);
  }
}
