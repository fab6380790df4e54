package dev.orchestrator.settings;

import dev.orchestrator.settings.BackupSettings.Keep;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads the section {@code backup} of orchestrator.conf and of a stack.conf. */
final class BackupReader {
  private static final int MOST = 1000;

  /** What restic itself takes for a repository; anything else would be a relative path. */
  private static final Pattern REPOSITORY =
      Pattern.compile(
          "/\\S.*|sftp:(//)?[^/\\s:][^\\s:]*(:.+|/.+)|rest:https?://\\S+|s3:\\S+|rclone:[^\\s:]+:.*"
              + "|(b2|swift|azure|gs):\\S+");

  private static final Pattern PASSWORD_IN_ADDRESS = Pattern.compile("[^/]+://[^/@]*:[^/@]*@.*");

  private BackupReader() {}

  /**
   * Reads the section.
   *
   * @param folder of the stack.conf, from which relative paths start; null for orchestrator.conf,
   *     whose section is read for its errors alone
   * @param checkFiles whether the files with secrets must be there: a stack must serve on with
   *     settings that it had, whatever has become of these files
   */
  static BackupSettings read(
      SettingsSection parent, @Nullable Path folder, Map<String, String> env, boolean checkFiles) {
    return parent
        .section("backup")
        .map(section -> {
          BackupSettings settings = settings(section, folder, env, checkFiles);
          section.rejectUnknownKeys();
          return settings;
        })
        .orElse(BackupSettings.NONE);
  }

  private static BackupSettings settings(
      SettingsSection section, @Nullable Path folder, Map<String, String> env, boolean checkFiles) {
    String repository = section.text("repository");
    if (!repository.isEmpty()) {
      checkRepository(section, repository);
    }
    boolean check = checkFiles && !repository.isEmpty();
    Path password = file(section, "password-file", folder, env, check);
    Path environment = file(section, "environment-file", folder, env, check);
    if (folder != null && !repository.isEmpty() && password == null) {
      section.addError(
          "password-file",
          "is missing; write password-file = backup.password, a file with the repository's"
              + " password");
    }
    String schedule = cron(section, "schedule");
    String prove = cron(section, "prove");
    long limit = section.bytes("limit-upload");
    if (limit > 0 && limit < 1024) {
      section.addError("limit-upload", "is less than 1KiB a second; write for example 2MiB");
    }
    Keep keep = section.section("keep").map(BackupReader::keep).orElse(BackupSettings.NONE.keep());
    return repository.isEmpty()
        ? BackupSettings.NONE
        : new BackupSettings(repository, password, environment, schedule, prove, keep, limit);
  }

  private static String cron(SettingsSection section, String key) {
    String cron = section.text(key);
    if (!cron.isEmpty()) {
      section.parsed(key, cron, CronExpressions::check);
    }
    return cron;
  }

  private static void checkRepository(SettingsSection section, String repository) {
    if (PASSWORD_IN_ADDRESS.matcher(repository).matches()) {
      section.addError(
          "repository",
          "has a password in its address; write RESTIC_REST_USERNAME and RESTIC_REST_PASSWORD into"
              + " the environment-file instead");
    } else if (!REPOSITORY.matcher(repository).matches()) {
      section.addError(
          "repository",
          ("\"%s\" is not a repository; write an absolute path, sftp:USER@HOST:PATH,"
                  + " rest:https://HOST/PATH, s3:HOST/BUCKET or rclone:REMOTE:PATH")
              .formatted(repository));
    }
  }

  private static @Nullable Path file(
      SettingsSection section,
      String key,
      @Nullable Path folder,
      Map<String, String> env,
      boolean check) {
    String text = section.text(key);
    if (text.isEmpty() || folder == null) {
      return null;
    }
    Path path =
        section.parsed(key, text, name -> SettingsFile.resolve(name, folder, env)).orElse(null);
    if (path != null && check) {
      PrivateFile.problem(path).ifPresent(problem -> section.addError(key, problem));
    }
    return path;
  }

  private static Keep keep(SettingsSection section) {
    Keep keep =
        new Keep(
            section.whole("last", 0, MOST),
            section.whole("daily", 0, MOST),
            section.whole("weekly", 0, MOST),
            section.whole("monthly", 0, MOST),
            section.whole("yearly", 0, MOST));
    section.rejectUnknownKeys();
    return keep;
  }
}
