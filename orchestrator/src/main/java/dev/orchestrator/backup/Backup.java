package dev.orchestrator.backup;

import java.time.Instant;

/**
 * A backup in a repository.
 *
 * @param id of the snapshot of restic, in full
 * @param host on which it was made
 */
public record Backup(String id, Instant time, String host, BackupTags tags) {

  /** The id as restic shows it to people. */
  public String shortId() {
    return shortId(id);
  }

  /** The same of any id. */
  public static String shortId(String id) {
    return id.substring(0, Math.min(8, id.length()));
  }
}
