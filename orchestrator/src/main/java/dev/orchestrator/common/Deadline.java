package dev.orchestrator.common;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/**
 * The moment by which an action must be done, on a clock that nobody sets: the host's time of day
 * may jump, a deadline must not. Immutable; any thread.
 */
public final class Deadline {
  private final InstantSource clock;
  private final Instant end;

  private Deadline(InstantSource clock, Instant end) {
    this.clock = clock;
    this.end = end;
  }

  /** A deadline that is so far from now. */
  public static Deadline in(Duration duration) {
    return in(duration, SteadyClock.get());
  }

  /**
   * The same on a clock of one's own.
   *
   * @param clock a {@link SteadyClock}, or a test's
   */
  public static Deadline in(Duration duration, InstantSource clock) {
    return new Deadline(clock, clock.instant().plus(duration));
  }

  /** The time that is left; zero when the deadline has passed. */
  public Duration remaining() {
    Duration left = Duration.between(clock.instant(), end);
    return left.isNegative() ? Duration.ZERO : left;
  }

  /** The time that is left, always positive; throws when the deadline has passed. */
  public Duration require() throws PassedException {
    Duration left = remaining();
    if (left.isZero()) {
      throw new PassedException();
    }
    return left;
  }

  public boolean passed() {
    return remaining().isZero();
  }

  /** The time that is left, but at most {@code limit}. */
  public Duration atMost(Duration limit) {
    Duration left = remaining();
    return left.compareTo(limit) < 0 ? left : limit;
  }

  /** Ends an action of several parts, whose caller knows what it is called. */
  public static final class PassedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private PassedException() {
      super("the deadline has passed");
    }
  }
}
