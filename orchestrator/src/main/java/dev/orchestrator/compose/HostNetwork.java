package dev.orchestrator.compose;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.orchestrator.settings.RouteSettings;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Puts services with {@code network_mode: host} into the network of the engine's host, where
 * stack.conf grants it ({@code security.host-network}). The capsule itself stays in its own: a
 * runtime of its inner engine puts these containers alone into the host's network namespace, which
 * is mounted in the capsule, and connections to the capsule's port of a route are led there.
 *
 * @see <a href="https://github.com/opencontainers/runtime-spec/blob/main/config-linux.md">the OCI
 *     runtime's namespaces</a>
 */
final class HostNetwork {
  /** The runtime's name in the configuration of the inner engine. */
  static final String RUNTIME = "host-network";

  private final ComposeFindings findings;
  private final boolean granted;
  private final HostFacts host;

  /** Names of the services in the host's network. */
  private final Set<String> users = new TreeSet<>();

  HostNetwork(ComposeFindings findings, boolean granted, HostFacts host) {
    this.findings = findings;
    this.granted = granted;
    this.host = host;
  }

  /** Whether a service wants to be in its host's network. */
  static boolean asks(ObjectNode service) {
    return service.path("network_mode").asText("").equals("host");
  }

  /** Changes the services that are to be in the host's network, and says what that means. */
  void apply(Map<String, ObjectNode> services, List<RouteSettings> routes) {
    services.forEach((name, service) -> {
      if (asks(service)) {
        service(name, service);
      }
    });
    if (granted
        && users.isEmpty()
        && services.values().stream().noneMatch(BuildCheck::asksForHostNetwork)) {
      findings.warn(
          "no service of this version has network_mode: host, which security.host-network is for");
    }
    for (RouteSettings route : routes) {
      if (users.contains(route.service())) {
        route(route, routes);
      }
    }
  }

  private void service(String name, ObjectNode service) {
    String user = "service " + name;
    if (!granted) {
      findings.warn(
          "%s: network_mode: host is the capsule's network here, not the host's: clients reach it by routes alone, and broadcasts and multicasts (mDNS, DLNA, Wake-on-LAN) don't get in or out; security.host-network = true in stack.conf gives it the host's"
              .formatted(user));
      return;
    }
    if (host.network().isEmpty()) {
      findings.refuse(
          user,
          "network_mode",
          "security.host-network = true in stack.conf: the engine can't give a container the"
              + " host's network (/proc/1/ns/net): remove the setting, and the service is in the"
              + " capsule's network");
      return;
    }
    users.add(name);
    service.put("runtime", RUNTIME);
    findings.warn(
        "%s: network_mode: host: it opens its ports on the host itself: clients that use those, and not a route, are refused while no version runs in an upgrade"
            .formatted(user));
  }

  private void route(RouteSettings route, List<RouteSettings> routes) {
    String user = "route " + route.name();
    if (route.options().protocol().isDatagram()) {
      findings.refuse(
          "%s: service %s is in the host's network (security.host-network), where no udp route leads to: remove the route; clients reach the port of the host"
              .formatted(user, route.service()));
    }
    for (RouteSettings other : routes) {
      for (int port : route.servicePorts()) {
        if (other.listens(port) && !other.options().protocol().isDatagram()) {
          findings.refuse(
              "route %s listens on port %d of the host, which service %s in the host's network (security.host-network) opens itself: let the route listen on another port"
                  .formatted(other.name(), port, route.service()));
        }
      }
    }
  }

  /** What the capsule needs of the host. */
  List<HostGrants.Path> paths() {
    return users.isEmpty()
        ? List.of()
        : List.of(new HostGrants.Path(host.network(), true, "rprivate"));
  }
}
