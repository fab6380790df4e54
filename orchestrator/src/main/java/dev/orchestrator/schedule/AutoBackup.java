package dev.orchestrator.schedule;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.report.BackupReport;
import dev.orchestrator.report.Status;
import dev.orchestrator.stack.BackupRequest;
import dev.orchestrator.stack.Control;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Begins work on the backups at the times of a schedule. Where it can't begin at once, such as
 * beside an upgrade, it is tried again for an hour. A backup whose time has passed while the
 * service was stopped is made up for. Confined to one thread.
 */
final class AutoBackup implements ScheduleRunner.Task {
  private static final Logger log = LoggerFactory.getLogger(AutoBackup.class);
  private static final Duration PATIENCE = Duration.ofHours(1);

  private final Control control;
  private final BackupRequest request;
  private final DueTime due;
  private final Schedule schedule;
  private final InstantSource clock;
  private boolean looked;

  /** Since when it can't begin; null while it need not. */
  private @Nullable Instant waiting;

  private String told = "";

  AutoBackup(Control control, BackupRequest request, Schedule schedule, InstantSource clock) {
    this.control = control;
    this.request = request;
    this.schedule = schedule;
    this.due = new DueTime(schedule, clock);
    this.clock = clock;
  }

  @Override
  public Duration pause(Duration most) {
    return due.pause(most);
  }

  /** Begins if a time of the schedule has come, or has come and could not be used yet. */
  @Override
  public void tick() {
    if (due.hasCome() || (!looked && wasMissed())) {
      waiting = clock.instant();
      told = "";
    }
    looked = true;
    Instant since = waiting;
    if (since == null) {
      return;
    }
    Status status = control.status();
    if (status.serving() == null || status.state().equals("down")) {
      log.info(
          "scheduled backup {}: passed over, as the state of {} is: {}",
          request.kind(),
          status.stack(),
          status.state());
      waiting = null;
      return;
    }
    try {
      String id = control.beginBackup(request);
      log.info("scheduled backup {}: {}", request.kind(), id);
      waiting = null;
    } catch (RefusedException e) {
      String why = String.valueOf(e.getMessage());
      if (!why.equals(told)) {
        log.info("scheduled backup {}: {}", request.kind(), why);
        told = why;
      }
      if (Duration.between(since, clock.instant()).compareTo(PATIENCE) >= 0) {
        waiting = null;
        if (request instanceof BackupRequest.Run) {
          control.noteMissedBackup("it could not begin for an hour: " + why);
        }
      }
    }
  }

  /** Whether the time of a backup has come since the last one while nothing ran. */
  private boolean wasMissed() {
    BackupReport.Health health = control.status().backups();
    Instant last = health == null ? null : health.last();
    return request instanceof BackupRequest.Run
        && last != null
        && schedule.nextRun(last).filter(next -> next.isBefore(clock.instant())).isPresent();
  }
}
