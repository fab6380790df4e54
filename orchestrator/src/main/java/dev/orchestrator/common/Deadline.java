package dev.orchestrator.common;

import java.time.Duration;

/**
 * A point on the monotonic clock by which something must have happened: the wall clock may jump, a
 * deadline must not.
 */
public record Deadline(long nanoTime) {

  public static Deadline in(Duration duration) {
    return new Deadline(System.nanoTime() + duration.toNanos());
  }

  /** What is left; zero when it has passed. */
  public Duration remaining() {
    return Duration.ofNanos(Math.max(0, nanoTime - System.nanoTime()));
  }

  public boolean passed() {
    return nanoTime - System.nanoTime() <= 0;
  }

  /** What is left, but at most {@code limit}. */
  public Duration atMost(Duration limit) {
    Duration left = remaining();
    return left.compareTo(limit) < 0 ? left : limit;
  }
}
