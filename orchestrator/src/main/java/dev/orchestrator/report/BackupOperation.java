package dev.orchestrator.report;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Work on the backups of a stack, under way or ended. JSON of the API: component names are a
 * contract.
 *
 * @param kind {@code run}, {@code restore}, {@code check}, {@code forget} or {@code prove}
 * @param state {@code running}, {@code done} or {@code failed}
 * @param progress what it does just now, with figures
 * @param run the run that it has begun and waits for; empty while there is none
 * @param lines what it has done so far
 * @param failure why it failed, in one line; empty when it did not
 * @param refused whether it failed before it had changed anything
 * @param backup id of the backup that it has made, restored or proven; or empty
 * @param removed ids of the backups that it has removed
 */
public record BackupOperation(
    String id,
    String kind,
    String state,
    Instant started,
    @Nullable Instant ended,
    String progress,
    String run,
    List<String> lines,
    String failure,
    boolean refused,
    String backup,
    List<String> removed) {

  public BackupOperation {
    lines = List.copyOf(lines);
    removed = List.copyOf(removed);
  }

  /** Whether it goes on. */
  public boolean isRunning() {
    return ended == null;
  }
}
