package dev.orchestrator.schedule;

import dev.orchestrator.common.NotYetException;
import dev.orchestrator.stack.Control;
import dev.orchestrator.upgrade.Snapshots;
import java.time.Duration;
import java.time.InstantSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Deletes the snapshots that have become too old, where no run does it for a long time. Confined to
 * one thread.
 */
final class AutoPrune implements ScheduleRunner.Task {
  private static final Logger log = LoggerFactory.getLogger(AutoPrune.class);

  private final Control control;
  private final DueTime due;

  AutoPrune(Control control, Schedule schedule, InstantSource clock) {
    this.control = control;
    this.due = new DueTime(schedule, clock);
  }

  @Override
  public Duration pause(Duration most) {
    return due.pause(most);
  }

  /** Deletes if a time has come. A run that is under way does the same at its end. */
  @Override
  public void tick() {
    if (!due.hasCome() || control.pruneSnapshots(true).isEmpty()) {
      return;
    }
    try {
      control.pruneSnapshots(false).forEach(name -> log.info(Snapshots.describePruned(name)));
    } catch (NotYetException e) {
      log.debug("{}", e.getMessage());
    }
  }
}
