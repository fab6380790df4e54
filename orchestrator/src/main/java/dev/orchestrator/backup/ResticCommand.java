package dev.orchestrator.backup;

import dev.orchestrator.settings.BackupSettings.Keep;
import java.util.ArrayList;
import java.util.List;

/**
 * The arguments of a call of restic, for 0.14 (Debian 12) and newer. They have no secret, and not
 * the repository either: all that is in the environment, as anybody on a host sees the arguments of
 * a process.
 *
 * @param takesLock whether it takes a lock: the lock that a killed run has left is removed when it
 *     is in the way
 */
record ResticCommand(List<String> arguments, boolean takesLock) {
  ResticCommand {
    arguments = List.copyOf(arguments);
  }

  private static ResticCommand of(boolean takesLock, List<String> arguments) {
    List<String> all = new ArrayList<>(List.of("--json"));
    all.addAll(arguments);
    return new ResticCommand(all, takesLock);
  }

  /** Asks whether there is a repository that the password opens. */
  static ResticCommand open() {
    return of(false, List.of("cat", "config", "--no-lock"));
  }

  static ResticCommand init() {
    return of(false, List.of("init"));
  }

  /**
   * Backs the current folder up, so that a restore puts its files straight into its target.
   *
   * @param host under which it is filed
   * @param parent id of the backup before it; files that are unchanged since are not read again.
   *     Empty for none: restic would take any of the same host and path, also another stack's
   * @param limitUpload bytes a second; 0: no limit
   */
  static ResticCommand backup(BackupTags tags, String host, String parent, long limitUpload) {
    List<String> all = new ArrayList<>(List.of("backup", "--host", host, "--tag", tags.text()));
    all.addAll(parent.isEmpty() ? List.of("--force") : List.of("--parent", parent));
    if (limitUpload > 0) {
      // restic counts in KiB.
      all.addAll(List.of("--limit-upload", Long.toString(Math.max(1, limitUpload >> 10))));
    }
    all.add(".");
    return of(true, all);
  }

  /** Lists the backups of a stack, of all hosts. */
  static ResticCommand list(String stack) {
    return of(false, List.of("snapshots", "--no-lock", "--tag", BackupTags.filter(stack)));
  }

  /** Prints a file of a backup. */
  static ResticCommand dump(String id, String file) {
    return of(false, List.of("dump", "--no-lock", id, "/" + file));
  }

  /** Restores into the current folder, and reads again what it has written. */
  static ResticCommand restore(String id) {
    return of(true, List.of("restore", id, "--target", ".", "--verify"));
  }

  /**
   * Checks the structure, and reads a part of the data.
   *
   * @param percent of the data, from 0 to 100
   */
  static ResticCommand check(int percent) {
    return of(
        true,
        percent == 0
            ? List.of("check")
            : percent == 100
                ? List.of("check", "--read-data")
                : List.of("check", "--read-data-subset=" + percent + "%"));
  }

  /** Removes these backups, and the data that no other has. */
  static ResticCommand remove(List<String> ids) {
    List<String> all = new ArrayList<>(List.of("forget", "--prune"));
    all.addAll(ids);
    return of(true, all);
  }

  /**
   * Removes the backups of a stack that the policy does not keep, and the data that no other has.
   * Only those of this host: another machine may have a stack of the same name.
   *
   * @param plan whether nothing is removed
   */
  static ResticCommand forget(String stack, String host, Keep keep, boolean plan) {
    List<String> all =
        new ArrayList<>(
            List.of(
                "forget",
                plan ? "--dry-run" : "--prune",
                "--host",
                host,
                "--tag",
                BackupTags.filter(stack),
                // All are one series, whatever their paths and the rest of their tags are.
                "--group-by",
                ""));
    policy(all, "last", keep.last());
    policy(all, "daily", keep.daily());
    policy(all, "weekly", keep.weekly());
    policy(all, "monthly", keep.monthly());
    policy(all, "yearly", keep.yearly());
    return of(true, all);
  }

  private static void policy(List<String> all, String period, int count) {
    if (count > 0) {
      all.add("--keep-" + period);
      all.add(Integer.toString(count));
    }
  }

  /** Removes locks whose process is gone on this host, or that are old. */
  static ResticCommand unlock() {
    return of(false, List.of("unlock"));
  }

  /** Lists the ids of all locks, a line for each. */
  static ResticCommand listLocks() {
    return of(false, List.of("list", "locks", "--no-lock"));
  }

  /** Removes all locks. */
  static ResticCommand unlockAll() {
    return of(false, List.of("unlock", "--remove-all"));
  }

  /** Makes data known that a killed backup has sent: restic writes its index at the end. */
  static ResticCommand index() {
    // Newer releases call it "repair index", and know this name too.
    return of(true, List.of("rebuild-index"));
  }
}
