package dev.orchestrator.schedule;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;

/** The next time of a schedule, by a clock that may be set. Confined to one thread. */
final class DueTime {
  private final Schedule schedule;
  private final InstantSource clock;
  private Instant lastLook;
  private @Nullable Instant due;

  DueTime(Schedule schedule, InstantSource clock) {
    this.schedule = schedule;
    this.clock = clock;
    this.lastLook = clock.instant();
    this.due = schedule.nextRun(lastLook).orElse(null);
  }

  /** How long to wait before the next look: until a time is due, {@code most} at most. */
  Duration pause(Duration most) {
    if (due == null) {
      return most;
    }
    // A millisecond more, as a clock may have finer steps than a wait.
    Duration until = Duration.between(clock.instant(), due).plusMillis(1);
    return until.isNegative() ? Duration.ZERO : until.compareTo(most) < 0 ? until : most;
  }

  /** Whether a time has come since the last look. */
  boolean hasCome() {
    Instant now = clock.instant();
    if (now.isBefore(lastLook)) {
      // The clock was set back: the time that is due may be far off now.
      due = schedule.nextRun(now).orElse(null);
    }
    lastLook = now;
    if (due == null || now.isBefore(due)) {
      return false;
    }
    due = schedule.nextRun(now).orElse(null);
    return true;
  }
}
