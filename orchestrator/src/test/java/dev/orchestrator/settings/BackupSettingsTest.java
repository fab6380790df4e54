package dev.orchestrator.settings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.settings.BackupSettings.Keep;
import dev.orchestrator.settings.ServiceSettings.StackEntry;
import dev.orchestrator.testing.ConfigFolderFixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BackupSettingsTest {
  @TempDir Path folder;

  private Path secret(String name, String mode) throws IOException {
    Path file = folder.resolve("stacks/demo").resolve(name);
    Files.createDirectories(file.resolveSibling(""));
    Files.writeString(file, "secret");
    return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
  }

  private BackupSettings read(String conf, String stackConf) throws IOException {
    return ConfigFolderFixture.in(folder, conf, stackConf).load().stack().backup();
  }

  private String problems(String stackConf) throws IOException {
    return ConfigFolderFixture.in(folder, "stack = demo", stackConf).problems();
  }

  @Test
  void aStackWithoutARepositoryHasNoBackups() throws IOException {
    assertEquals(BackupSettings.NONE, read("stack = demo", ""));
    assertFalse(BackupSettings.NONE.configured());
  }

  @Test
  void allOfThemAreRead() throws IOException {
    Path password = secret("backup.password", "rw-------");
    Path environment = secret("backup.env", "r--------");

    assertEquals(
        new BackupSettings(
            "s3:s3.example.com/bucket",
            password,
            environment,
            "0 4 * * *",
            new Keep(3, 14, 5, 12, 2),
            2 << 20),
        read(
            "stack = demo",
            """
            backup {
              repository = "s3:s3.example.com/bucket"
              password-file = backup.password
              environment-file = backup.env
              schedule = "0 4 * * *"
              keep { daily = 14, yearly = 2 }
              limit-upload = 2MiB
            }
            """));
  }

  @Test
  void allStacksMayShareARepository() throws IOException {
    secret("backup.password", "rw-------");
    BackupSettings settings =
        read(
            """
            stack = demo
            backup { repository = "/srv/backups", password-file = backup.password }
            """,
            "backup.keep.last = 9");

    assertEquals("/srv/backups", settings.repository());
    assertTrue(settings.local());
    assertEquals(9, settings.keep().last());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/srv/backups",
        "sftp:me@backup.example.com:/srv/restic",
        "sftp:backup:restic",
        "sftp://me@[::1]:2222//srv/restic",
        "rest:https://backup.example.com:8000/demo/",
        "s3:https://minio.example.com:9000/bucket/demo",
        "rclone:drive:backups/demo",
        "b2:bucket:demo"
      })
  void whatResticTakesIsTaken(String repository) throws IOException {
    secret("pw", "rw-------");
    assertEquals(
        repository,
        read(
                "stack = demo",
                "backup { repository = \"%s\", password-file = pw }".formatted(repository))
            .repository());
  }

  @Test
  void anAddressThatIsNoneIsExplained() throws IOException {
    secret("pw", "rw-------");
    assertEquals(
        "stacks/demo/stack.conf:1: backup.repository: \"https://host/x\" is not a repository; write"
            + " an absolute path, sftp:USER@HOST:PATH, rest:https://HOST/PATH, s3:HOST/BUCKET or"
            + " rclone:REMOTE:PATH",
        problems("backup { repository = \"https://host/x\", password-file = pw }"));
    assertTrue(
        problems("backup { repository = backups, password-file = pw }")
            .contains("\"backups\" is not a repository"));
  }

  @Test
  void aPasswordInTheAddressIsRefusedAndNotQuoted() throws IOException {
    secret("pw", "rw-------");
    assertEquals(
        "stacks/demo/stack.conf:1: backup.repository: has a password in its address; write"
            + " RESTIC_REST_USERNAME and RESTIC_REST_PASSWORD into the environment-file instead",
        problems("backup { repository = \"rest:https://me:word@host/x\", password-file = pw }"));
  }

  @Test
  void aRepositoryNeedsAPassword() throws IOException {
    assertEquals(
        "stacks/demo/stack.conf:1: backup.password-file: is missing; write password-file ="
            + " backup.password, a file with the repository's password",
        problems("backup { repository = \"/srv/backups\", password-file = \"\" }"));
  }

  @Test
  void aPasswordThatOthersCanReadIsRefused() throws IOException {
    Path file = secret("pw", "rw-r--r--");
    assertEquals(
        "stacks/demo/stack.conf:3: backup.password-file: %s can be read or written by other users; run chmod 600 %s"
            .formatted(file, file)
            .replace(folder + "/", ""),
        problems(
            """
            backup {
              repository = "/srv/backups"
              password-file = pw
            }
            """));
  }

  @Test
  void aMissingFileIsNamed() throws IOException {
    assertEquals(
        "stacks/demo/stack.conf:1: backup.password-file: there is no file stacks/demo/none; make"
            + " it, readable by its owner alone",
        problems("backup { repository = \"/srv/backups\", password-file = none }"));
  }

  @Test
  void wrongValuesAreExplained() throws IOException {
    secret("pw", "rw-------");
    assertEquals(
        """
        stacks/demo/stack.conf:4: backup.schedule: "often" is not a cron expression (Cron expression \
        contains 1 parts but we expect one of [5]); write minute hour day month weekday, such as \
        "0 4 * * *"
        stacks/demo/stack.conf:5: backup.keep.daily: -1 is not allowed; write a whole number from 0 \
        to 1000
        stacks/demo/stack.conf:6: backup.limit-upload: is less than 1KiB a second; write for example \
        2MiB
        stacks/demo/stack.conf:7: backup.encrypt: is not a setting; known: environment-file, keep, \
        limit-upload, password-file, prove, repository, schedule\
        """,
        problems(
            """
            backup {
              repository = "/srv/backups"
              password-file = pw
              schedule = often
              keep { daily = -1 }
              limit-upload = 2
              encrypt = true
            }
            """));
  }

  /** A stack serves on when the file with its backups' password is lost. */
  @Test
  void aStackWhosePasswordFileIsGoneServesOnWithWhatItHad() throws IOException {
    Path password = secret("pw", "rw-------");
    ConfigFolderFixture config =
        ConfigFolderFixture.in(
            folder,
            "home = \"%s\"".formatted(folder.resolve("home")),
            "backup { repository = \"/srv/backups\", password-file = pw }");
    StackEntry good = SettingsLoader.loadAll(config.conf(), Map.of(), Map.of()).stacks().getFirst();
    SettingsLoader.remember(folder.resolve("home"), good);
    Files.delete(password);

    StackEntry now = SettingsLoader.loadAll(config.conf(), Map.of(), Map.of()).stacks().getFirst();

    assertTrue(now.error().contains("there is no file"), now.error());
    assertNotNull(now.settings());
  }
}
