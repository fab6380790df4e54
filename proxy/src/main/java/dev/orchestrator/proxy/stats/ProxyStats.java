package dev.orchestrator.proxy.stats;

import java.util.Map;

/**
 * A snapshot of the proxy's figures: all routes together, and each by its name. Previews are not in
 * the total.
 */
public record ProxyStats(
    RouteStats total, Map<String, RouteStats> routes, Map<String, RouteStats> previews) {
  public ProxyStats {
    routes = Map.copyOf(routes);
    previews = Map.copyOf(previews);
  }
}
