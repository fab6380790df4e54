package dev.orchestrator.proxy.stats;

import java.util.Map;

/**
 * A snapshot of the proxy's figures.
 *
 * @param total all routes together, without the previews
 * @param routes each route by its name
 * @param previews the preview of each route by the route's name
 */
public record ProxyStats(
    RouteStats total, Map<String, RouteStats> routes, Map<String, RouteStats> previews) {
  public ProxyStats {
    routes = Map.copyOf(routes);
    previews = Map.copyOf(previews);
  }
}
