package dev.orchestrator.report;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The backups of a stack, as {@code backup list} shows them. JSON of the API: component names are a
 * contract.
 *
 * @param health how they stand
 * @param backups all, of all hosts, the newest first
 */
public record BackupReport(Health health, List<Entry> backups) {

  public BackupReport {
    backups = List.copyOf(backups);
  }

  /**
   * How the backups of a stack stand.
   *
   * @param state {@code good}, {@code missing} (none was made yet), {@code overdue}, {@code failed}
   *     (the last one) or {@code unproven} (the one that was tried did not come up)
   * @param text the same in one line, with the reason
   * @param operation id of the work on the backups that is under way; or empty
   * @param last when the last backup was made; null for never
   * @param next the schedule's next backup; null for none
   * @param upgradeNeedsBackup whether an upgrade would have to make a backup first
   */
  public record Health(
      String repository,
      String state,
      String text,
      String operation,
      @Nullable Instant last,
      @Nullable Instant next,
      boolean upgradeNeedsBackup) {

    /** Whether a person has to do something. */
    public boolean bad() {
      return !state.equals("good") && !state.equals("missing");
    }
  }

  /** A backup. */
  public record Entry(String id, Instant time, String host, String version, String snapshot) {}
}
