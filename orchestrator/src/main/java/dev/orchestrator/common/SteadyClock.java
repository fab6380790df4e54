package dev.orchestrator.common;

import java.time.Instant;
import java.time.InstantSource;

/**
 * A clock for measuring: it shows the time of day as it was when the process started plus what has
 * passed since on the monotonic clock. Whoever sets the host's clock neither ends a deadline early
 * nor puts it off. What is written down takes the time from the wall clock instead.
 */
public final class SteadyClock implements InstantSource {
  private static final SteadyClock THE_ONE = new SteadyClock();

  private final Instant start = Instant.now();
  private final long startNanos = System.nanoTime();

  private SteadyClock() {}

  public static InstantSource get() {
    return THE_ONE;
  }

  @Override
  public Instant instant() {
    return start.plusNanos(System.nanoTime() - startNanos);
  }
}
