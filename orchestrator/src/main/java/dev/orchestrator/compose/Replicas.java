package dev.orchestrator.compose;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/** How many containers Compose starts of each service: {@code scale} or {@code deploy.replicas}. */
public final class Replicas {
  private Replicas() {}

  /** The number of containers of a service. */
  public static int of(JsonNode service) {
    return Math.max(0, service.path("scale").asInt(service.at("/deploy/replicas").asInt(1)));
  }

  /**
   * Removes the services of which no container is started, and what depends on them, as Compose
   * waits for none of them.
   *
   * @return the names of the services
   */
  static List<String> removeUnused(ObjectNode root) {
    List<String> removed = new ArrayList<>();
    if (!(root.path("services") instanceof ObjectNode services)) {
      return removed;
    }
    services
        .properties()
        .forEach(service -> {
          if (of(service.getValue()) == 0) {
            removed.add(service.getKey());
          }
        });
    services.remove(removed);
    for (JsonNode service : services) {
      if (service.path("depends_on") instanceof ObjectNode dependencies) {
        dependencies.remove(removed);
      }
    }
    return removed;
  }
}
