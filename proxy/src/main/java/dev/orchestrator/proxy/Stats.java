package dev.orchestrator.proxy;

import java.util.Map;

/**
 * A snapshot of the proxy's figures: all routes together, and each by its name. Previews are not in
 * the total.
 */
public record Stats(
    RouteStats total, Map<String, RouteStats> routes, Map<String, RouteStats> previews) {
  public Stats {
    routes = Map.copyOf(routes);
    previews = Map.copyOf(previews);
  }
}
