package dev.orchestrator.common;

import java.time.Instant;
import java.time.InstantSource;

/**
 * A clock for measuring time: the time of day when the process started, plus the time that has
 * passed since on the monotonic clock. Setting the host's clock neither shortens nor extends a
 * deadline. Times that are written down come from the wall clock instead.
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
