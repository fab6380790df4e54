package dev.orchestrator.schedule;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.journal.SnapshotRecord.Reason;
import dev.orchestrator.report.Status;
import dev.orchestrator.stack.Control;
import dev.orchestrator.stack.SnapshotRequest;
import java.time.Duration;
import java.time.InstantSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes a snapshot at the times of the schedule. A time at which a run is under way, or nothing
 * serves, is passed over: the next time will do. Confined to one thread.
 */
final class AutoSnapshot implements ScheduleRunner.Task {
  private static final Logger log = LoggerFactory.getLogger(AutoSnapshot.class);

  private final Control control;
  private final DueTime due;

  AutoSnapshot(Control control, Schedule schedule, InstantSource clock) {
    this.control = control;
    this.due = new DueTime(schedule, clock);
  }

  @Override
  public Duration pause(Duration most) {
    return due.pause(most);
  }

  /** Begins a snapshot if a time of the schedule has come. A refusal is logged. */
  @Override
  public void tick() {
    if (!due.hasCome()) {
      return;
    }
    Status status = control.status();
    if (!status.state().equals("serving")) {
      log.info(
          "scheduled snapshot: passed over, as the state of {} is: {}",
          status.stack(),
          status.state());
      return;
    }
    try {
      log.info(
          "scheduled snapshot: {}",
          control.createSnapshot(new SnapshotRequest(null, null, Reason.SCHEDULE)));
    } catch (RefusedException e) {
      log.info("scheduled snapshot: {}", e.getMessage());
    }
  }
}
