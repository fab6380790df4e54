package dev.orchestrator.capsule.image;

import dev.orchestrator.capsule.CapsuleException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/** When something must be done. Any thread. */
final class BuildDeadline {
  private final InstantSource clock;
  private final String what;
  private final Duration total;
  private final Instant end;

  /**
   * A deadline that starts now.
   *
   * @param what is being done, for the message: "building version v2 of stack demo"
   */
  BuildDeadline(InstantSource clock, String what, Duration total) {
    this.clock = clock;
    this.what = what;
    this.total = total;
    this.end = clock.instant().plus(total);
  }

  /** What is left, always positive; a {@link CapsuleException} when nothing is. */
  Duration remaining() {
    Duration left = Duration.between(clock.instant(), end);
    if (!left.isPositive()) {
      throw new CapsuleException("%s took longer than %d s".formatted(what, total.toSeconds()));
    }
    return left;
  }
}
