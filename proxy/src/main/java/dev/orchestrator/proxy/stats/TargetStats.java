package dev.orchestrator.proxy.stats;

/**
 * The figures of a route on one backend, or on all together.
 *
 * @param open connections to targets now
 * @param total connections to targets
 * @param bytesIn bytes read from clients
 * @param bytesOut bytes read from targets
 * @param datagramsIn datagrams of udp routes sent to targets
 * @param datagramsOut datagrams of udp routes read from targets
 * @param connectFailures failed attempts to connect, also those that were repeated with success; of
 *     udp routes: answers of the network that nothing listens there, and sockets not opened
 * @param resetsByClient connections that ended by a reset of the client
 * @param resetsByTarget connections that ended by a reset of the target
 * @param timedOut connections closed as nothing moved on them for the idle time
 * @param unserved clients (of http routes: requests) that got nothing: every attempt to connect
 *     failed, the client left after an attempt had failed or hung, or the target closed the
 *     connection or let the time pass without a response
 * @param closedEmpty connections of tcp routes that the target ended before it had sent a byte,
 *     while its client had not ended its side
 */
public record TargetStats(
    long open,
    long total,
    long bytesIn,
    long bytesOut,
    long datagramsIn,
    long datagramsOut,
    long connectFailures,
    long resetsByClient,
    long resetsByTarget,
    long timedOut,
    long unserved,
    long closedEmpty,
    HttpStats http) {}
