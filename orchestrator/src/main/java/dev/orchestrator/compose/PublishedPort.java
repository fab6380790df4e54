package dev.orchestrator.compose;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.orchestrator.proxy.config.ListenAddress;
import dev.orchestrator.proxy.config.Protocol;
import dev.orchestrator.proxy.config.RouteOptions;
import dev.orchestrator.settings.RouteSettings;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * A port, or a range of them, that a compose file publishes on the host: a public port of the stack
 * under plain Compose, which needs a route here.
 *
 * @param hostIp the address of the host; empty for all
 * @param first the first port of the host; as many follow as there are ports of the service
 * @param target the first port of the service
 * @param protocol {@code tcp} or {@code udp}
 */
record PublishedPort(
    String service, String hostIp, int first, int target, int ports, String protocol) {
  private static final int LAST = 65_535;
  private static final String TCP = "tcp";
  private static final String UDP = "udp";

  /**
   * The ports that services publish, in the order of the services. Compose writes a range port by
   * port; here it is one again. Ports that the engine chooses are left out, as nobody knows them
   * beforehand.
   */
  static List<PublishedPort> of(Map<String, ObjectNode> services) {
    List<PublishedPort> found = new ArrayList<>();
    services.forEach((name, service) -> {
      for (JsonNode port : service.path("ports")) {
        // Of a range for one port, which is for replicas, the first: a route balances over them.
        String published = port.path("published").asText("").replaceFirst("-.*", "");
        String protocol = port.path("protocol").asText(TCP);
        if (published.matches("[1-9][0-9]{0,4}")
            && Integer.parseInt(published) <= LAST
            && Set.of(TCP, UDP).contains(protocol)) {
          add(
              found,
              new PublishedPort(
                  name,
                  all(port.path("host_ip").asText("")) ? "" : port.path("host_ip").asText(""),
                  Integer.parseInt(published),
                  port.path("target").asInt(),
                  1,
                  protocol));
        }
      }
    });
    return List.copyOf(found);
  }

  private static void add(List<PublishedPort> found, PublishedPort next) {
    if (found.contains(next)) {
      return; // such as for all addresses of IPv4 and of IPv6
    }
    PublishedPort last = found.isEmpty() ? null : found.getLast();
    boolean continues =
        last != null
            && last.service.equals(next.service)
            && last.hostIp.equals(next.hostIp)
            && last.protocol.equals(next.protocol)
            && last.first + last.ports == next.first
            && last.target + last.ports == next.target;
    if (last != null && continues) {
      found.set(
          found.size() - 1,
          new PublishedPort(
              last.service, last.hostIp, last.first, last.target, last.ports + 1, last.protocol));
    } else {
      found.add(next);
    }
  }

  private static boolean all(String hostIp) {
    return Set.of("", "0.0.0.0", "::").contains(hostIp);
  }

  boolean isDatagram() {
    return protocol.equals(UDP);
  }

  /** Such as 53/udp or 9000-9009. */
  String text() {
    return first + (ports == 1 ? "" : "-" + (first + ports - 1)) + (isDatagram() ? "/udp" : "");
  }

  /**
   * The route that does here what the port does under plain Compose.
   *
   * @param names of the routes that there are already
   */
  RouteSettings route(List<String> names) {
    String plain = service.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9_-]", "-");
    String base = plain.length() > 28 ? plain.substring(0, 28) : plain;
    Set<String> taken = new HashSet<>(names);
    String name =
        List.of(base, base + "-" + first, base + "-" + first + "-" + protocol).stream()
            .filter(one -> !taken.contains(one))
            .findFirst()
            .orElse(base + "-" + first + "-" + taken.size());
    return new RouteSettings(
            name,
            new ListenAddress(hostIp.isEmpty() ? "0.0.0.0" : hostIp, first, first + ports - 1),
            service,
            target,
            RouteOptions.of(isDatagram() ? Protocol.UDP : Protocol.TCP))
        .withUsualPath();
  }

  /** The same as a line of the list {@code routes} in stack.conf. */
  String line(List<String> names) {
    RouteSettings route = route(names);
    String host = route.listen().host();
    return "{ name = %s, listen = \"%s:%s\", service = %s, port = %d%s }"
        .formatted(
            route.name(),
            host.contains(":") ? "[" + host + "]" : host,
            first + (ports == 1 ? "" : "-" + (first + ports - 1)),
            service.matches("[A-Za-z0-9_-]+") ? service : "\"" + service + "\"",
            target,
            isDatagram() ? ", protocol = udp" : "");
  }
}
