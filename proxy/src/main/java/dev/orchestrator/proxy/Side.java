package dev.orchestrator.proxy;

import java.util.Map;

/**
 * One side of a switch: a capsule and where each route leads on it.
 *
 * @param name the capsule's name, for logs and for people
 * @param targets by the name of the route; there must be one for every open route
 */
public record Side(String name, Map<String, Target> targets) {
  public Side {
    targets = Map.copyOf(targets);
  }
}
