package dev.orchestrator.upgrade;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.settings.RouteSettings;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What the firewall of the engine's host does with connections to the routes. The ports that the
 * engine publishes pass by its rules for programs of the host; a port that this process listens on
 * does not, so that clients of a project would be cut off by its adoption.
 */
final class HostFirewall {
  /** A port, and what could allow it: ufw, firewalld, iptables or nft. */
  record Blocked(String protocol, int port, String how) {
    static Blocked parse(String line) {
      String[] words = line.strip().split(" ", -1);
      return new Blocked(words[0], Integer.parseInt(words[1]), words[2]);
    }
  }

  private HostFirewall() {}

  /**
   * What to ask {@code capsule-redirect blocked} for: each route that others than the host's own
   * programs reach, of a range of ports the first.
   */
  static List<String> questions(List<RouteSettings> routes) {
    return routes.stream()
        .filter(route -> !route.listen().isLoopback())
        .map(route ->
            "%s,%d"
                .formatted(
                    route.options().protocol().isDatagram() ? "udp" : "tcp",
                    route.listen().first()))
        .distinct()
        .toList();
  }

  /** Refuses an adoption after which clients from elsewhere would reach nothing. */
  static void requireOpen(List<Blocked> blocked) {
    if (blocked.isEmpty()) {
      return;
    }
    Map<String, List<Blocked>> byTool = new TreeMap<>();
    blocked.forEach(each -> byTool.computeIfAbsent(each.how(), how -> new ArrayList<>()).add(each));
    List<String> commands = new ArrayList<>();
    byTool.forEach((how, ports) -> commands.addAll(commands(how, ports)));
    List<String> names =
        blocked.stream().map(each -> each.port() + "/" + each.protocol()).distinct().toList();
    throw new RefusedException(
        "the firewall of this host drops connections to %s, which the engine's published ports pass by and a stack's ports do not: allow them first, with %s"
            .formatted(String.join(", ", names), String.join("; ", commands)));
  }

  private static List<String> commands(String how, List<Blocked> ports) {
    return switch (how) {
      case "firewalld" -> {
        StringBuilder options = new StringBuilder();
        ports.forEach(
            each -> options.append(" --add-port=%d/%s".formatted(each.port(), each.protocol())));
        yield List.of("'firewall-cmd --permanent%s && firewall-cmd --reload'".formatted(options));
      }
      case "ufw" ->
          ports.stream()
              .map(each -> "'ufw allow %d/%s'".formatted(each.port(), each.protocol()))
              .toList();
      case "iptables" ->
          ports.stream()
              .map(each ->
                  "'iptables -I INPUT -p %s --dport %d -j ACCEPT'"
                      .formatted(each.protocol(), each.port()))
              .toList();
      default ->
          ports.stream()
              .map(each ->
                  "the rule '%s dport %d accept' in the input chain of nftables"
                      .formatted(each.protocol(), each.port()))
              .toList();
    };
  }
}
