package dev.orchestrator.stack;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A request that works on the backups of a stack; it is executed by itself. */
public sealed interface BackupRequest {
  /** What means the newest backup. */
  String LATEST = "latest";

  /** What it does, in a word. */
  String kind();

  /**
   * Makes a backup.
   *
   * @param snapshot of which; null for one that is made for it
   * @param ifRequired whether nothing is to be done unless an upgrade needs a backup now
   */
  record Run(@Nullable String snapshot, boolean ifRequired) implements BackupRequest {
    /** A backup of what serves now. */
    public static final Run NOW = new Run(null, false);

    @Override
    public String kind() {
      return "run";
    }
  }

  /**
   * Restores a backup.
   *
   * @param backup its id, the first digits of it, or {@link #LATEST}
   * @param folder of the host for its files; null to bring it up in place of what serves
   * @param only whether it becomes a snapshot, and no more
   */
  record Restore(String backup, @Nullable String folder, boolean only) implements BackupRequest {
    @Override
    public String kind() {
      return "restore";
    }
  }

  /**
   * Checks the repository.
   *
   * @param percent of its data that is read, from 0 to 100
   */
  record Check(int percent) implements BackupRequest {
    @Override
    public String kind() {
      return "check";
    }
  }

  /**
   * Removes backups.
   *
   * @param backups ids; none: those that the settings do not keep
   * @param plan whether nothing is removed
   */
  record Forget(List<String> backups, boolean plan) implements BackupRequest {
    public Forget {
      backups = List.copyOf(backups);
    }

    @Override
    public String kind() {
      return "forget";
    }
  }

  /**
   * Restores a backup apart, and checks it.
   *
   * @param backup as in {@link Restore}
   */
  record Prove(String backup) implements BackupRequest {
    @Override
    public String kind() {
      return "prove";
    }
  }
}
