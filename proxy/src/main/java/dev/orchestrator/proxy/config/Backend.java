package dev.orchestrator.proxy.config;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What the routes lead to: one capsule, with the target of each route on it. A switch changes from
 * one backend to another.
 *
 * @param name the capsule's name, for logs and figures
 * @param targets by the name of the route, one target for each of its ports; every open route must
 *     be there
 */
public record Backend(String name, Map<String, List<Target>> targets) {
  public Backend {
    targets =
        targets.entrySet().stream()
            .collect(
                Collectors.toUnmodifiableMap(Map.Entry::getKey, e -> List.copyOf(e.getValue())));
  }

  /** A backend for routes with one port each. */
  public static Backend of(String name, Map<String, Target> targets) {
    return new Backend(
        name,
        targets.entrySet().stream()
            .collect(Collectors.toMap(Map.Entry::getKey, e -> List.of(e.getValue()))));
  }
}
