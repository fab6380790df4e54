package dev.orchestrator.compose;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.orchestrator.settings.Probe;
import dev.orchestrator.settings.RouteSettings;
import dev.orchestrator.settings.StackSettings;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;

/**
 * Publishes the services' ports that routes and probes need on ports of the capsule. Changes the
 * services that it is given.
 */
final class PortMapping {
  private static final int FIRST_FREE = 20000;
  private static final String TCP = "tcp";

  private final ComposeFindings findings;
  private final StackSettings stack;
  private final Map<String, ObjectNode> services;

  /** The services that have a port of the capsule already, by port and protocol. */
  private final Map<String, String> taken = new HashMap<>();

  private final Map<String, Integer> ports = new TreeMap<>();

  PortMapping(ComposeFindings findings, StackSettings stack, Map<String, ObjectNode> services) {
    this.findings = findings;
    this.stack = stack;
    this.services = services;
  }

  /**
   * From {@code service:port} of each route and probe ({@code service:port/udp} where it is for
   * datagrams) to the capsule's port. A route or a probe of a service that this version doesn't
   * have is left out: another version may have it.
   */
  Map<String, Integer> apply() {
    services.forEach(this::keepPublished);
    for (RouteSettings route : stack.routes()) {
      if (isThere("route " + route.name(), route.service(), "it leads nowhere in this version")) {
        for (int port : route.servicePorts()) {
          publish(
              "route " + route.name(), route.service(), port, protocol(route), route.portKey(port));
        }
      }
    }
    if (ports.isEmpty() && !stack.routes().isEmpty()) {
      // Nobody could reach anything: the names in stack.conf are wrong.
      RouteSettings first = stack.routes().getFirst();
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
    return Map.copyOf(ports);
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

  /** Keeps the ports that the compose file publishes, on all addresses of the capsule. */
  private void keepPublished(String name, ObjectNode service) {
    for (JsonNode port : service.path("ports")) {
      ((ObjectNode) port).remove("host_ip");
      OptionalInt published = published(port);
      if (published.isPresent()) {
        String other = taken.put(key(published.getAsInt(), protocol(port)), name);
        if (other != null && !other.equals(name)) {
          findings.refuse(
              "services %s and %s both publish port %s: change one of them"
                  .formatted(other, name, key(published.getAsInt(), protocol(port))));
        }
      }
    }
  }

  private void publish(String user, String name, int target) {
    publish(user, name, target, TCP, name + ":" + target);
  }

  private void publish(String user, String name, int target, String protocol, String key) {
    ports.computeIfAbsent(key, _ -> capsulePort(user, name, target, protocol));
  }

  private int capsulePort(String user, String name, int target, String protocol) {
    String owner = name;
    ObjectNode service = services.get(name);
    if (service == null) {
      refuseUnknown(user, name);
      return target;
    }
    // A service may use the network of another service, such as a VPN: the other publishes its
    // port.
    for (int i = 0; i < services.size() && mode(service).startsWith("service:"); i++) {
      owner = mode(service).substring("service:".length());
      ObjectNode next = services.get(owner);
      if (next == null) {
        refuseUnknown(user, owner);
        return target;
      }
      service = next;
    }
    if (mode(service).equals("host")) {
      taken.putIfAbsent(key(target, protocol), owner);
      return target;
    }
    if (mode(service).equals("none")) {
      findings.refuse(
          "%s needs port %d of service %s, which has network_mode none"
              .formatted(user, target, name));
      return target;
    }
    ArrayNode list = service.withArrayProperty("ports");
    for (JsonNode port : list) {
      if (protocol(port).equals(protocol)
          && port.path("target").asInt() == target
          && published(port).isPresent()) {
        return published(port).getAsInt();
      }
    }
    int free = taken.containsKey(key(target, protocol)) ? FIRST_FREE : target;
    while (taken.containsKey(key(free, protocol))) {
      free++;
    }
    taken.put(key(free, protocol), owner);
    list.addObject()
        .put("mode", "ingress")
        .put("target", target)
        .put("published", Integer.toString(free))
        .put("protocol", protocol);
    return free;
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

  /** The published port; empty when the engine chooses the port, at random or from a range. */
  private static OptionalInt published(JsonNode port) {
    String text = port.path("published").asText("");
    return text.matches("[1-9][0-9]{0,4}")
        ? OptionalInt.of(Integer.parseInt(text))
        : OptionalInt.empty();
  }
}
