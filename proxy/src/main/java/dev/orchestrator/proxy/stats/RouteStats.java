package dev.orchestrator.proxy.stats;

import java.util.Map;

/**
 * The figures of one route, or of all together, since the proxy was created.
 *
 * @param total connections accepted; of udp routes, here and below: sessions
 * @param refused connections (of http routes: requests) that were not served, as the gate is
 *     closed, too many wait, or the target was not reached
 * @param gaveUp clients that left while they waited
 * @param heldNow connections (of http routes: requests) that have no target yet
 * @param retries repeated attempts to connect, and repeated http requests
 * @param badRequests http requests that got an error from the proxy, as they break the protocol or
 *     its bounds
 * @param dropped datagrams that reached nobody: as the gate is closed, too many of a client or of
 *     all wait, or the network did not take them
 * @param holds all holds
 * @param lastHold the latest hold alone: from its beginning
 * @param targets all backends together
 * @param byTarget by the name of the backend; the latest eight, and all before them as "earlier"
 */
public record RouteStats(
    long total,
    long refused,
    long gaveUp,
    long heldNow,
    long retries,
    long badRequests,
    long dropped,
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
