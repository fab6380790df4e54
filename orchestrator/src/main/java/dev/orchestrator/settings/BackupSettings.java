package dev.orchestrator.settings;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Where a stack's backups go, and which of them stay. None of this is a secret: passwords and keys
 * are in the files that are named here.
 *
 * @param repository as restic names it: a path, {@code sftp:…}, {@code rest:…}, {@code s3:…},
 *     {@code rclone:…}; empty: no backups
 * @param passwordFile with the password of the repository; null without a repository
 * @param environmentFile with {@code NAME=value} lines for restic, such as the keys of an S3
 *     bucket; null for none
 * @param schedule when backups begin by themselves: a cron expression; empty: never
 * @param prove when the newest backup is restored apart, started and checked: the same
 * @param limitUpload bytes a second; 0: no limit
 */
public record BackupSettings(
    String repository,
    @Nullable Path passwordFile,
    @Nullable Path environmentFile,
    String schedule,
    String prove,
    Keep keep,
    long limitUpload) {

  /** Backups that are never proven by themselves. */
  public BackupSettings(
      String repository,
      @Nullable Path passwordFile,
      @Nullable Path environmentFile,
      String schedule,
      Keep keep,
      long limitUpload) {
    this(repository, passwordFile, environmentFile, schedule, "", keep, limitUpload);
  }

  /** No backups. */
  public static final BackupSettings NONE =
      new BackupSettings("", null, null, "", new Keep(0, 0, 0, 0, 0), 0);

  /** Whether there is a repository. */
  public boolean configured() {
    return !repository.isEmpty();
  }

  /** Whether the repository is a folder of the host. */
  public boolean local() {
    return repository.startsWith("/");
  }

  /**
   * Which backups stay: so many of the last, and the last of each of so many days, weeks, months
   * and years that have one. All 0: every backup stays.
   */
  public record Keep(int last, int daily, int weekly, int monthly, int yearly) {

    /** Whether no backup is ever removed. */
    public boolean all() {
      return last + daily + weekly + monthly + yearly == 0;
    }
  }
}
