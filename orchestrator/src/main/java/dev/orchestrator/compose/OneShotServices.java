package dev.orchestrator.compose;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.orchestrator.settings.Probe;
import dev.orchestrator.settings.RouteSettings;
import dev.orchestrator.settings.StackSettings;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Tells the services whose purpose is to end, such as a migration: another service waits for their
 * completion, or nothing restarts them after an end with code 0 and nobody needs them to run on,
 * neither a route nor a probe nor a service that uses their network.
 */
final class OneShotServices {
  private static final String NETWORK_OF = "service:";

  private OneShotServices() {}

  /** Their names, in order. */
  static List<String> of(Map<String, ObjectNode> services, StackSettings stack) {
    Set<String> awaited = new HashSet<>();
    Set<String> needed = new HashSet<>();
    stack.routes().stream().map(RouteSettings::service).forEach(needed::add);
    stack.probes().stream().map(Probe::service).forEach(needed::add);
    for (ObjectNode service : services.values()) {
      service
          .path("depends_on")
          .properties()
          .forEach(other -> {
            String condition = other.getValue().path("condition").asText("");
            if (condition.equals("service_completed_successfully")) {
              awaited.add(other.getKey());
            }
          });
      String network = service.path("network_mode").asText("");
      if (network.startsWith(NETWORK_OF)) {
        needed.add(network.substring(NETWORK_OF.length()));
      }
    }
    return services.entrySet().stream()
        .filter(service ->
            awaited.contains(service.getKey())
                || (!needed.contains(service.getKey()) && !restartsAlways(service.getValue())))
        .map(Map.Entry::getKey)
        .sorted()
        .toList();
  }

  /** Whether the engine restarts it after an end with code 0, as {@code on-failure} doesn't. */
  private static boolean restartsAlways(JsonNode service) {
    String restart = service.path("restart").asText("");
    if (restart.isEmpty() && service.path("deploy").has("restart_policy")) {
      return service.at("/deploy/restart_policy/condition").asText("any").equals("any");
    }
    return restart.equals("always") || restart.equals("unless-stopped");
  }
}
