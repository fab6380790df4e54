package dev.orchestrator.proxy.stats;

/**
 * Figures of a route with one target, or with all.
 *
 * @param open connections to the target now
 * @param total connections to the target
 * @param bytesIn read from clients
 * @param bytesOut read from targets
 * @param connectFailures failed attempts to connect, also those repeated with success
 * @param resetsByClient connections that ended because the client broke off
 * @param resetsByTarget connections that ended because the target broke off
 * @param timedOut connections closed because nothing moved on them
 */
public record TargetStats(
    long open,
    long total,
    long bytesIn,
    long bytesOut,
    long connectFailures,
    long resetsByClient,
    long resetsByTarget,
    long timedOut,
    HttpStats http) {}
