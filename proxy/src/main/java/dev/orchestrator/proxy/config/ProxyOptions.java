package dev.orchestrator.proxy.config;

import java.time.Duration;
import java.time.InstantSource;

/**
 * Bounds of the proxy.
 *
 * @param maxHeld connections that may wait at the same time, all routes together; one more is
 *     closed
 * @param connectsInFlight attempts to connect to the target at the same time, for each route
 * @param connectTimeout bound of one attempt
 * @param connectRetry how long failed attempts are repeated before the client is closed: a target
 *     may be just about to listen
 * @param clock tells the time of day; durations are measured with the monotonic clock
 */
public record ProxyOptions(
    int maxHeld,
    int connectsInFlight,
    Duration connectTimeout,
    Duration connectRetry,
    InstantSource clock) {
  public ProxyOptions {
    if (maxHeld < 1 || connectsInFlight < 1) {
      throw new IllegalArgumentException("maxHeld and connectsInFlight must be at least 1");
    }
  }

  /** 10,000 held, 64 connects in flight, 2 s for an attempt, 5 s of retries, system clock. */
  public static ProxyOptions defaults() {
    return new ProxyOptions(
        10_000, 64, Duration.ofSeconds(2), Duration.ofSeconds(5), InstantSource.system());
  }
}
