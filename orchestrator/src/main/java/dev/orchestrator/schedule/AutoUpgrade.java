package dev.orchestrator.schedule;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.release.Releases;
import dev.orchestrator.report.BackupOperation;
import dev.orchestrator.report.Status;
import dev.orchestrator.report.VersionStatus;
import dev.orchestrator.stack.BackupRequest;
import dev.orchestrator.stack.Control;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Begins an upgrade to the newest version at the times of the schedule. It passes over versions in
 * quarantine, and names without a number. A time at which another run is under way, or nothing
 * serves, is passed over too: the next time will do. Confined to one thread.
 */
final class AutoUpgrade implements ScheduleRunner.Task {
  private static final Logger log = LoggerFactory.getLogger(AutoUpgrade.class);

  private final Control control;
  private final DueTime due;
  private final Set<String> unnumbered = new HashSet<>();

  /** The version that is upgraded to after a backup; empty where none is. */
  private String awaiting = "";

  /** The backup that is made before. */
  private String backup = "";

  AutoUpgrade(Control control, Schedule schedule, InstantSource clock) {
    this.control = control;
    this.due = new DueTime(schedule, clock);
  }

  @Override
  public Duration pause(Duration most) {
    return due.pause(most);
  }

  /** Begins an upgrade if a time of the schedule has come. A refusal is logged. */
  @Override
  public void tick() {
    try {
      if (!awaiting.isEmpty()) {
        upgradeAfterBackup();
      }
      if (!due.hasCome()) {
        return;
      }
      newestCandidate().ifPresent(this::upgrade);
    } catch (RefusedException e) {
      awaiting = "";
      log.info("scheduled upgrade: {}", e.getMessage());
    }
  }

  private void upgrade(String version) {
    backup = control.beginBackup(new BackupRequest.Run(null, true));
    if (!backup.isEmpty()) {
      log.info("scheduled upgrade to {}: after backup {}, which it needs", version, backup);
      awaiting = version;
      return;
    }
    log.info("scheduled upgrade to {}: {}", version, control.upgrade(version));
  }

  private void upgradeAfterBackup() {
    String version = awaiting;
    BackupOperation operation = control.backupOperation(backup);
    if (operation.isRunning()) {
      return;
    }
    awaiting = "";
    if (operation.failure().isEmpty()) {
      log.info("scheduled upgrade to {}: {}", version, control.upgrade(version));
    } else {
      log.warn(
          "scheduled upgrade to {}: not begun without its backup, which failed: {}",
          version,
          operation.failure());
    }
  }

  /** The newest version after the one that serves that is not in quarantine. */
  private Optional<String> newestCandidate() {
    Status status = control.status();
    Status.Side serving = status.serving();
    if (serving == null || !status.state().equals("serving")) {
      log.info(
          "scheduled upgrade: passed over, as the state of {} is: {}",
          status.stack(),
          status.state());
      return Optional.empty();
    }
    List<VersionStatus> all = control.versions();
    all.stream()
        .map(VersionStatus::version)
        .filter(version -> !Releases.hasNumber(version) && unnumbered.add(version))
        .forEach(version ->
            log.info(
                "scheduled upgrade: {} is not taken: its name has no number, which would say"
                    + " whether it is newer",
                version));
    if (!Releases.hasNumber(serving.version())) {
      // Any version with a number would count as newer.
      return Optional.empty();
    }
    List<VersionStatus> newer =
        all.stream()
            .filter(version -> Releases.newer(version.version(), serving.version()))
            .toList();
    for (VersionStatus version : newer.reversed()) {
      if (!version.state().equals("quarantined")) {
        return Optional.of(version.version());
      }
      log.info("scheduled upgrade: {} is quarantined: {}", version.version(), version.note());
    }
    return Optional.empty();
  }
}
