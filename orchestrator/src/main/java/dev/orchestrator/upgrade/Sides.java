package dev.orchestrator.upgrade;

import dev.orchestrator.journal.Generation;
import dev.orchestrator.settings.RouteSettings;
import java.util.HashMap;
import java.util.Map;

/** Where the routes lead when a generation serves. */
final class Sides {
  private Sides() {}

  static Traffic.Side of(Parts parts, Generation generation) {
    String host = parts.capsule(generation).address();
    Map<String, Traffic.Address> targets = new HashMap<>();
    for (RouteSettings route : parts.settings().stack().routes()) {
      String inner = route.service() + ":" + route.servicePort();
      Integer port = generation.ports().get(inner);
      // A route added after the version was built: the service's own port is the best guess.
      int target = port == null ? route.servicePort() : port;
      targets.put(route.name(), new Traffic.Address(host, target));
    }
    return new Traffic.Side(generation.container(), Map.copyOf(targets));
  }
}
