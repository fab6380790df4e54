package dev.orchestrator.backup;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.orchestrator.settings.BackupSettings;
import dev.orchestrator.settings.BackupSettings.Keep;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResticEnvironmentTest {
  @TempDir Path folder;

  private Path secret(String name, String text) throws IOException {
    Path file = Files.writeString(folder.resolve(name), text);
    return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
  }

  private BackupSettings settings(String repository, String environment) throws IOException {
    return new BackupSettings(
        repository,
        secret("password", "word of the repository\n"),
        secret("environment", environment),
        "",
        new Keep(1, 0, 0, 0, 0),
        0);
  }

  @Test
  void theFilesAreReadAsRepositoriesAndUnitsHaveThem() throws IOException {
    ResticEnvironment environment =
        ResticEnvironment.read(
            settings(
                "s3:s3.example.com/bucket",
                """
                # keys
                AWS_ACCESS_KEY_ID=key

                export AWS_SECRET_ACCESS_KEY="a b=c"
                EMPTY=
                """));

    assertEquals("word of the repository", environment.variables().get("RESTIC_PASSWORD"));
    assertEquals("s3:s3.example.com/bucket", environment.variables().get("RESTIC_REPOSITORY"));
    assertEquals("key", environment.variables().get("AWS_ACCESS_KEY_ID"));
    assertEquals("a b=c", environment.variables().get("AWS_SECRET_ACCESS_KEY"));
    assertEquals("", environment.variables().get("EMPTY"));
  }

  @Test
  void aLineThatIsNoVariableIsNamedAndNotQuoted() throws IOException {
    BackupSettings settings = settings("/srv/backups", "A=1\nthe secret word\n");

    BackupException failure =
        assertThrows(BackupException.class, () -> ResticEnvironment.read(settings));

    assertEquals(
        "backup.environment-file: %s:2: is not NAME=value; write one variable a line"
            .formatted(folder.resolve("environment")),
        failure.getMessage());
  }

  /** restic of Debian 12 does not know these variables. */
  @Test
  void anOlderResticGetsUserAndPasswordOfARestServerInTheAddress() throws IOException {
    ResticEnvironment environment =
        ResticEnvironment.read(
            settings(
                "rest:https://backup.example.com:8000/demo",
                "RESTIC_REST_USERNAME=me\nRESTIC_REST_PASSWORD=p@ss/word\n"));

    assertEquals(
        "rest:https://me:p%40ss%2Fword@backup.example.com:8000/demo",
        environment.variables().get("RESTIC_REPOSITORY"));
  }

  @Test
  void noSecretIsInALineOrInItsOwnText() throws IOException {
    ResticEnvironment environment =
        ResticEnvironment.read(settings("s3:host/bucket", "AWS_SECRET_ACCESS_KEY=abcdefgh\n"));

    assertEquals(
        "Get https://…@host/: key … is wrong",
        environment.redacted("Get https://me:word@host/: key abcdefgh is wrong"));
    assertFalse(environment.toString().contains("abcdefgh"), environment.toString());
  }
}
