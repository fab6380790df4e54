package dev.orchestrator.upgrade;

import dev.orchestrator.journal.Generation;
import dev.orchestrator.settings.RouteSettings;
import dev.orchestrator.traffic.Traffic;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Where the routes lead when a generation serves. */
public final class Sides {
  private Sides() {}

  public static Traffic.Side of(UpgradeContext parts, Generation generation) {
    String host = parts.capsule(generation).address();
    Map<String, List<Traffic.Address>> targets = new HashMap<>();
    for (RouteSettings route : parts.settings().stack().routes()) {
      List<Traffic.Address> addresses = new ArrayList<>();
      for (int inner : route.servicePorts()) {
        Integer port = generation.ports().get(route.service() + ":" + inner);
        // A route added after the version was built: the service's own port is the best guess.
        addresses.add(new Traffic.Address(host, port == null ? inner : port));
      }
      targets.put(route.name(), List.copyOf(addresses));
    }
    return new Traffic.Side(generation.container(), Map.copyOf(targets));
  }
}
