package dev.orchestrator.proxy;

/**
 * Figures of one route, or of all together, since the proxy was created.
 *
 * @param open connections that are linked to a target now
 * @param total connections accepted
 * @param refused connections closed unserved: gate closed, too many held, target not reached
 * @param gaveUp clients that left while they waited
 * @param heldNow connections accepted that have no target yet
 * @param holds all holds
 * @param lastHold the latest hold alone: from the latest call of {@link Proxy#hold}
 * @param bytesIn read from clients
 * @param bytesOut read from targets
 * @param connectFailures failed attempts to connect to a target, also those repeated with success
 * @param resetsByClient links that ended because the client broke off
 * @param resetsByTarget links that ended because the target broke off
 */
public record RouteStats(
    long open,
    long total,
    long refused,
    long gaveUp,
    long heldNow,
    HoldStats holds,
    HoldStats lastHold,
    long bytesIn,
    long bytesOut,
    long connectFailures,
    long resetsByClient,
    long resetsByTarget) {}
