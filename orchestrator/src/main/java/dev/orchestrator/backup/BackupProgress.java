package dev.orchestrator.backup;

import dev.orchestrator.common.HumanText;
import java.util.Locale;

/** How far a backup or a restore is. The total grows while restic still lists the files. */
public record BackupProgress(long filesDone, long files, long bytesDone, long bytes) {

  /**
   * One line for a person.
   *
   * @param done what is done with the bytes, such as {@code "sent"}
   */
  public String describe(String done) {
    return String.format(
        Locale.ROOT,
        "%s of %s %s, %,d of %,d files",
        HumanText.bytes(bytesDone),
        HumanText.bytes(bytes),
        done,
        filesDone,
        files);
  }
}
