package dev.orchestrator.proxy.config;

import java.time.Duration;
import java.time.InstantSource;

/**
 * Bounds of a proxy, for all its routes together unless said otherwise.
 *
 * @param maxHeld connections and http requests that may wait for a target at the same time; a
 *     further connection is closed, a further request is answered with 503. Beside them, as many
 *     clients of udp routes may wait
 * @param maxHeldBytes bytes that clients have sent and that are kept in memory: heads of http
 *     requests from their first byte to the end of the response, bodies of requests that wait, and
 *     bytes sent ahead. An http request that would exceed it is answered with 503. Beside them, a
 *     quarter as many bytes of datagrams may wait
 * @param connectsInFlight attempts to connect to the target at the same time, for each route
 * @param connectTimeout bound of one attempt to connect
 * @param connectRetry how long failed attempts are repeated before the client is rejected: a target
 *     may be just about to listen
 * @param maxUdpSessions clients of one port of a udp route at the same time; the client that has
 *     been idle for longest makes room for another
 * @param maxHeldDatagrams datagrams of one client of a udp route that may wait for a target; for
 *     another the oldest is dropped
 * @param clock tells the time of day; durations are measured with the monotonic clock
 */
public record ProxyOptions(
    int maxHeld,
    long maxHeldBytes,
    int connectsInFlight,
    Duration connectTimeout,
    Duration connectRetry,
    int maxUdpSessions,
    int maxHeldDatagrams,
    InstantSource clock) {
  /** Leaves room for the objects around the bytes, for responses, and for the rest of a service. */
  private static final int SHARE_OF_HEAP = 8;

  private static final int SHARE_OF_DATAGRAMS = 4;

  public ProxyOptions {
    if (maxHeld < 1
        || maxHeldBytes < 1
        || connectsInFlight < 1
        || maxUdpSessions < 1
        || maxHeldDatagrams < 1) {
      throw new IllegalArgumentException("a bound must be at least 1");
    }
  }

  /**
   * 10,000 held, an eighth of the largest heap for their bytes (64 MiB of 512 MiB), 64 connects in
   * flight, 2 s for an attempt, 5 s of retries, 16,384 udp clients, 256 held datagrams of each,
   * system clock.
   */
  public static ProxyOptions defaults() {
    return new ProxyOptions(
        10_000,
        Runtime.getRuntime().maxMemory() / SHARE_OF_HEAP,
        64,
        Duration.ofSeconds(2),
        Duration.ofSeconds(5),
        16_384,
        256,
        InstantSource.system());
  }

  /** Bytes of datagrams that may wait, of all udp routes together, beside the others' bytes. */
  public long maxHeldDatagramBytes() {
    return Math.max(1, maxHeldBytes / SHARE_OF_DATAGRAMS);
  }

  public ProxyOptions withMaxHeld(int value) {
    return with(value, maxHeldBytes, connectsInFlight, maxUdpSessions, maxHeldDatagrams);
  }

  public ProxyOptions withMaxHeldBytes(long value) {
    return with(maxHeld, value, connectsInFlight, maxUdpSessions, maxHeldDatagrams);
  }

  public ProxyOptions withConnectsInFlight(int value) {
    return with(maxHeld, maxHeldBytes, value, maxUdpSessions, maxHeldDatagrams);
  }

  /** Sets the bounds of udp routes. */
  public ProxyOptions withUdp(int sessions, int heldDatagrams) {
    return with(maxHeld, maxHeldBytes, connectsInFlight, sessions, heldDatagrams);
  }

  private ProxyOptions with(
      int held, long heldBytes, int inFlight, int udpSessions, int heldDatagrams) {
    return new ProxyOptions(
        held, heldBytes, inFlight, connectTimeout, connectRetry, udpSessions, heldDatagrams, clock);
  }

  /** Sets the bound of one attempt to connect, and how long failed attempts are repeated. */
  public ProxyOptions withConnectTimes(Duration timeout, Duration retry) {
    return new ProxyOptions(
        maxHeld,
        maxHeldBytes,
        connectsInFlight,
        timeout,
        retry,
        maxUdpSessions,
        maxHeldDatagrams,
        clock);
  }
}
