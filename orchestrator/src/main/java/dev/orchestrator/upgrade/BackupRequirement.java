package dev.orchestrator.upgrade;

import dev.orchestrator.backup.BackupHealth;
import dev.orchestrator.backup.BackupHealth.Done;
import dev.orchestrator.common.HumanText;
import dev.orchestrator.common.RefusedException;
import java.time.Duration;
import java.time.Instant;

/** Whether an upgrade has the backup before it that the settings require. Thread-safe. */
public final class BackupRequirement {
  private final UpgradeContext context;

  BackupRequirement(UpgradeContext context) {
    this.context = context;
  }

  /** Why an upgrade may not begin, with what to do; empty where it may. */
  public String missing() {
    if (!context.limits().requiresBackup()) {
      return "";
    }
    BackupHealth health = context.backupLog().read();
    Done done = health.done();
    Duration most = context.limits().backupAge();
    Instant now = context.clock().instant();
    if (done != null && Duration.between(done.asOf(), now).compareTo(most) <= 0) {
      return "";
    }
    BackupHealth.Failed failed = health.failing() ? health.failed() : null;
    return "an upgrade needs a backup whose data is no older than %s (upgrade.backup = required), and %s%s: 'orchestrator backup run' makes one"
        .formatted(
            HumanText.time(most.toMillis()),
            done == null
                ? "there is none"
                : "that of the last one is %s old".formatted(HumanText.time(done.asOf(), now)),
            failed == null ? "" : "; a newer try failed: " + failed.text());
  }

  /**
   * The same for a run: a line for the receipt, empty where none is required.
   *
   * @throws RefusedException when the backup is missing
   */
  public String require() {
    String missing = missing();
    if (!missing.isEmpty()) {
      throw new RefusedException(missing);
    }
    Done done = context.backupLog().read().done();
    return !context.limits().requiresBackup() || done == null
        ? ""
        : "backup %s of %s before it".formatted(done.snapshot(), HumanText.when(done.asOf()));
  }
}
