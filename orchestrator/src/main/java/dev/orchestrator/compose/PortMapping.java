package dev.orchestrator.compose;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.orchestrator.settings.AutoRoutes;
import dev.orchestrator.settings.Probe;
import dev.orchestrator.settings.RouteSettings;
import dev.orchestrator.settings.StackSettings;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Publishes the services' ports that routes and probes need on ports of the capsule: for a service
 * with replicas, a port for each. Changes the services that it is given.
 */
final class PortMapping {
  private static final int FIRST_FREE = 20000;
  private static final String TCP = "tcp";
  private static final Pattern PORTS =
      Pattern.compile("(?<first>[1-9][0-9]{0,4})(?:-(?<last>[1-9][0-9]{0,4}))?");

  private final ComposeFindings findings;
  private final StackSettings stack;
  private final Map<String, ObjectNode> services;
  private final List<PublishedPort> published;
  private final List<RouteSettings> routes;

  /** What has a port of the capsule already, by port and protocol. */
  private final Map<String, Taken> taken = new HashMap<>();

  private final Map<String, Integer> ports = new TreeMap<>();

  PortMapping(ComposeFindings findings, StackSettings stack, Map<String, ObjectNode> services) {
    this.findings = findings;
    this.stack = stack;
    this.services = services;
    this.published = PublishedPort.of(services);
    this.routes = stack.autoRoutes().isPresent() ? publishedRoutes() : stack.routes();
  }

  private List<RouteSettings> publishedRoutes() {
    List<RouteSettings> made = new ArrayList<>();
    for (PublishedPort port : published) {
      made.add(port.route(made.stream().map(RouteSettings::name).toList()));
    }
    return List.copyOf(made);
  }

  /**
   * A port of the capsule.
   *
   * @param hostIps the addresses of the host that the compose file publishes it on; {@link #ALL}
   *     for all of them
   */
  private record Taken(String service, int target, List<String> hostIps) {
    private static final String ALL = "0.0.0.0";

    boolean overlaps(String hostIp) {
      return hostIps.contains(hostIp) || hostIps.contains(ALL) || hostIp.equals(ALL);
    }
  }

  /**
   * From {@code service:port} of each route and probe ({@code service:port/udp} where it is for
   * datagrams) to the capsule's port, see {@link ServicePorts}. A route or a probe of a service
   * that this version doesn't have is left out: another version may have it.
   */
  Map<String, Integer> apply() {
    services.forEach(this::keepPublished);
    for (RouteSettings route : routes) {
      if (isThere("route " + route.name(), route.service(), "it leads nowhere in this version")) {
        for (int port : route.servicePorts()) {
          publish(
              "route " + route.name(), route.service(), port, protocol(route), route.portKey(port));
        }
      }
    }
    if (ports.isEmpty() && !routes.isEmpty()) {
      // Nobody could reach anything: the names in stack.conf are wrong.
      RouteSettings first = routes.getFirst();
      refuseUnknown("route " + first.name(), first.service());
    }
    for (Probe probe : stack.probes()) {
      String user = "probe " + probe.name();
      if (isThere(user, probe.service(), "it is not asked of this version")) {
        switch (probe.check()) {
          case Probe.Http http -> publish(user, probe.service(), http.port());
          case Probe.Tcp tcp -> publish(user, probe.service(), tcp.port());
          case Probe.Exec _ -> {}
        }
      }
    }
    if (stack.autoRoutes().isPresent()) {
      recordRoutes(stack.routes());
    } else {
      warnOfPortsWithoutRoute();
    }
    return Map.copyOf(ports);
  }

  /**
   * Keeps the routes with the version.
   *
   * @param open the routes that are open now; none when the stack is down
   */
  private void recordRoutes(List<RouteSettings> open) {
    if (routes.isEmpty()) {
      findings.warn(
          "routes = auto, and the compose file publishes no port: clients can't reach the stack");
    }
    for (RouteSettings route : routes) {
      ports.put(
          AutoRoutes.key(route),
          ports.getOrDefault(route.portKey(route.servicePort()), route.servicePort()));
      if (!open.isEmpty() && !open.contains(route)) {
        findings.warn(
            "this version publishes %s (service %s), which the version that serves doesn't: the route opens when the service starts the next time (serve --takeover)"
                .formatted(route.address(), route.service()));
      }
    }
    for (RouteSettings route : open) {
      if (!routes.contains(route)) {
        findings.warn(
            "this version doesn't publish %s (service %s) any more: the route stays open, and leads nowhere, until the service starts the next time (serve --takeover)"
                .formatted(route.address(), route.service()));
      }
    }
  }

  private boolean isThere(String what, String service, String otherwise) {
    if (services.containsKey(service)) {
      return true;
    }
    findings.warn(
        "%s is for service %s, which the compose file doesn't have: %s; its services are: %s"
            .formatted(what, service, otherwise, String.join(", ", services.keySet())));
    return false;
  }

  /** Under plain Compose clients reach such a port. */
  private void warnOfPortsWithoutRoute() {
    List<String> names = new ArrayList<>();
    routes.forEach(route -> names.add(route.name()));
    for (PublishedPort port : published) {
      if (!hasRoute(port)) {
        findings.warn(
            "service %s: ports: no route leads to %s, so that clients can't reach it: add to routes in stack.conf: %s"
                .formatted(port.service(), port.text(), port.line(names)));
        names.add(port.route(names).name());
      }
    }
  }

  /** Whether a route leads to one of the ports, of the service or of one that is in its network. */
  private boolean hasRoute(PublishedPort port) {
    return routes.stream()
        .anyMatch(route ->
            route.options().protocol().isDatagram() == port.isDatagram()
                && port.service().equals(owner(route.service()))
                && route.servicePort() < port.target() + port.ports()
                && port.target() <= route.servicePorts().getLast());
  }

  /**
   * Keeps the ports that the compose file publishes, on all addresses of the capsule. A port that
   * replicas would share, or that another service has on another address of the host, gets a number
   * of its own when a route or a probe needs it.
   */
  private void keepPublished(String name, ObjectNode service) {
    boolean replicated = Replicas.of(service) > 1;
    for (Iterator<JsonNode> all = service.path("ports").iterator(); all.hasNext(); ) {
      ObjectNode port = (ObjectNode) all.next();
      String hostIp = port.path("host_ip").asText("");
      port.remove("host_ip");
      Matcher numbers = PORTS.matcher(port.path("published").asText(""));
      if (!numbers.matches()) {
        continue; // the engine chooses it
      }
      if (replicated || !take(name, port, hostIp, numbers)) {
        all.remove();
      }
    }
  }

  /** Whether a port may stay in the model as it is. */
  private boolean take(String name, ObjectNode port, String hostIp, Matcher numbers) {
    int target = port.path("target").asInt();
    String address = hostIp.isEmpty() || hostIp.equals("::") ? Taken.ALL : hostIp;
    int first = Integer.parseInt(numbers.group("first"));
    int last = numbers.group("last") == null ? first : Integer.parseInt(numbers.group("last"));
    boolean stays = true;
    for (int number = first; number <= last; number++) {
      String key = key(number, protocol(port));
      Taken other = taken.putIfAbsent(key, new Taken(name, target, List.of(address)));
      if (other == null) {
        continue;
      }
      stays = false;
      boolean same = other.service().equals(name) && other.target() == target;
      if (!same && other.overlaps(address)) {
        findings.refuse(
            "services %s and %s both publish port %s: change one of them"
                .formatted(other.service(), name, key));
      }
      List<String> addresses = new ArrayList<>(other.hostIps());
      addresses.add(address);
      taken.put(key, new Taken(other.service(), other.target(), addresses));
    }
    return stays;
  }

  private void publish(String user, String name, int target) {
    publish(user, name, target, TCP, name + ":" + target);
  }

  private void publish(String user, String name, int target, String protocol, String key) {
    if (ports.containsKey(key)) {
      return;
    }
    String owner = owner(name);
    ObjectNode service = services.get(owner);
    if (service == null) {
      refuseUnknown(user, owner);
      return;
    }
    if (mode(service).equals("host")) {
      taken.putIfAbsent(key(target, protocol), new Taken(owner, target, List.of(Taken.ALL)));
      ports.put(key, target);
      return;
    }
    if (mode(service).equals("none")) {
      findings.refuse(
          "%s needs port %d of service %s, which has network_mode none"
              .formatted(user, target, name));
      return;
    }
    int replicas = Replicas.of(service);
    int first = replicas == 1 ? publishedPort(service, target, protocol) : 0;
    if (first == 0) {
      first = addPorts(owner, service, target, protocol, replicas);
    }
    for (int replica = 1; replica <= replicas; replica++) {
      ports.put(ServicePorts.ofReplica(key, replica), first + replica - 1);
    }
  }

  /** The service whose network a service is in, such as that of a VPN: it publishes the ports. */
  private String owner(String name) {
    String owner = name;
    @Nullable ObjectNode service = services.get(name);
    for (int i = 0; i < services.size() && service != null; i++) {
      if (!mode(service).startsWith("service:")) {
        return owner;
      }
      owner = mode(service).substring("service:".length());
      service = services.get(owner);
    }
    return owner;
  }

  /** The one port of the capsule that leads to a port of a service already; 0 for none. */
  private static int publishedPort(ObjectNode service, int target, String protocol) {
    for (JsonNode port : service.path("ports")) {
      if (protocol(port).equals(protocol)
          && port.path("target").asInt() == target
          && port.path("published").asText("").matches("[1-9][0-9]{0,4}")) {
        return port.path("published").asInt();
      }
    }
    return 0;
  }

  /** Publishes a service's port on free ports of the capsule, one for each replica. */
  private int addPorts(
      String owner, ObjectNode service, int target, String protocol, int replicas) {
    int first = replicas == 1 && isFree(target, 1, protocol) ? target : FIRST_FREE;
    while (!isFree(first, replicas, protocol)) {
      first++;
    }
    for (int port = first; port < first + replicas; port++) {
      taken.put(key(port, protocol), new Taken(owner, target, List.of(Taken.ALL)));
    }
    ArrayNode list = service.withArrayProperty("ports");
    list.addObject()
        .put("mode", "ingress")
        .put("target", target)
        .put("published", first + (replicas == 1 ? "" : "-" + (first + replicas - 1)))
        .put("protocol", protocol);
    return first;
  }

  private boolean isFree(int first, int count, String protocol) {
    for (int port = first; port < first + count; port++) {
      if (taken.containsKey(key(port, protocol))) {
        return false;
      }
    }
    return true;
  }

  private void refuseUnknown(String user, String name) {
    findings.refuse(
        "%s in %s is for service %s, which the compose file doesn't have; its services are: %s"
            .formatted(
                user,
                stack.folder().resolve("stack.conf"),
                name,
                String.join(", ", services.keySet())));
  }

  private static String mode(ObjectNode service) {
    return service.path("network_mode").asText("");
  }

  private static String protocol(JsonNode port) {
    return port.path("protocol").asText(TCP);
  }

  private static String protocol(RouteSettings route) {
    return route.options().protocol().isDatagram() ? "udp" : TCP;
  }

  /** A port as people write it: 53, or 53/udp. */
  private static String key(int port, String protocol) {
    return protocol.equals(TCP) ? Integer.toString(port) : port + "/" + protocol;
  }
}
