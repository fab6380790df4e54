package dev.orchestrator.proxy.stats;

import java.util.Map;

/**
 * Figures of one route, or of all together, since the proxy was created.
 *
 * @param total connections accepted
 * @param refused connections, for http requests, that were not served: gate closed, too many wait,
 *     target not reached
 * @param gaveUp clients that left while they waited
 * @param heldNow connections, for http requests, that have no target yet
 * @param retries attempts to connect, and for http requests, that were repeated
 * @param badRequests http requests that were answered with an error by the proxy, as they break the
 *     protocol or its bounds
 * @param holds all holds
 * @param lastHold the latest hold alone: from its beginning
 * @param targets all targets together
 * @param byTarget by the name of the side; the last eight, those before them as "earlier"
 */
public record RouteStats(
    long total,
    long refused,
    long gaveUp,
    long heldNow,
    long retries,
    long badRequests,
    HoldStats holds,
    HoldStats lastHold,
    TargetStats targets,
    Map<String, TargetStats> byTarget) {
  public RouteStats {
    byTarget = Map.copyOf(byTarget);
  }

  /** Connections to targets now. */
  public long open() {
    return targets.open();
  }

  public long bytesIn() {
    return targets.bytesIn();
  }

  public long bytesOut() {
    return targets.bytesOut();
  }

  public long connectFailures() {
    return targets.connectFailures();
  }

  public long resetsByClient() {
    return targets.resetsByClient();
  }

  public long resetsByTarget() {
    return targets.resetsByTarget();
  }
}
