package dev.orchestrator.proxy;

import java.util.Map;

/** A snapshot of the proxy's figures: all routes together, and each by its name. */
public record Stats(RouteStats total, Map<String, RouteStats> routes) {
  public Stats {
    routes = Map.copyOf(routes);
  }
}
