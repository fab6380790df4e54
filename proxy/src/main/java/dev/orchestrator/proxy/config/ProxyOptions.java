package dev.orchestrator.proxy.config;

import java.time.Duration;
import java.time.InstantSource;

/**
 * Bounds of a proxy, for all its routes together unless said otherwise.
 *
 * @param maxHeld connections and http requests that may wait for a target at the same time; a
 *     further connection is closed, a further request is answered with 503
 * @param maxHeldBytes bytes that clients have sent and that are kept in memory: heads of http
 *     requests from their first byte to the end of the response, bodies of requests that wait, and
 *     bytes sent ahead. An http request that would exceed it is answered with 503
 * @param connectsInFlight attempts to connect to the target at the same time, for each route
 * @param connectTimeout bound of one attempt to connect
 * @param connectRetry how long failed attempts are repeated before the client is rejected: a target
 *     may be just about to listen
 * @param clock tells the time of day; durations are measured with the monotonic clock
 */
public record ProxyOptions(
    int maxHeld,
    long maxHeldBytes,
    int connectsInFlight,
    Duration connectTimeout,
    Duration connectRetry,
    InstantSource clock) {
  /** Leaves room for the objects around the bytes, for responses, and for the rest of a service. */
  private static final int SHARE_OF_HEAP = 8;

  public ProxyOptions {
    if (maxHeld < 1 || maxHeldBytes < 1 || connectsInFlight < 1) {
      throw new IllegalArgumentException(
          "maxHeld, maxHeldBytes and connectsInFlight must be at least 1");
    }
  }

  /**
   * 10,000 held, an eighth of the largest heap for their bytes (64 MiB of 512 MiB), 64 connects in
   * flight, 2 s for an attempt, 5 s of retries, system clock.
   */
  public static ProxyOptions defaults() {
    return new ProxyOptions(
        10_000,
        Runtime.getRuntime().maxMemory() / SHARE_OF_HEAP,
        64,
        Duration.ofSeconds(2),
        Duration.ofSeconds(5),
        InstantSource.system());
  }

  public ProxyOptions withMaxHeld(int value) {
    return new ProxyOptions(
        value, maxHeldBytes, connectsInFlight, connectTimeout, connectRetry, clock);
  }

  public ProxyOptions withMaxHeldBytes(long value) {
    return new ProxyOptions(maxHeld, value, connectsInFlight, connectTimeout, connectRetry, clock);
  }

  public ProxyOptions withConnectsInFlight(int value) {
    return new ProxyOptions(maxHeld, maxHeldBytes, value, connectTimeout, connectRetry, clock);
  }

  /** Sets the bound of one attempt to connect, and how long failed attempts are repeated. */
  public ProxyOptions withConnectTimes(Duration timeout, Duration retry) {
    return new ProxyOptions(maxHeld, maxHeldBytes, connectsInFlight, timeout, retry, clock);
  }
}
