package dev.orchestrator.export;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.settings.ComposeSettings;
import dev.orchestrator.settings.StackSettings;
import dev.orchestrator.testing.OrchestratorFixture;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExportSecretsTest {
  @TempDir Path folder;
  private Path release;

  @BeforeEach
  void setUp() throws IOException {
    release = Files.createDirectories(folder.resolve("release"));
    Files.writeString(release.resolve("compose.yaml"), "services: {}\n");
    Files.writeString(release.resolve(".env"), "TAG=1\nDB_PASSWORD=hunter2\nexport TOKEN: abc\n");
    Files.writeString(release.resolve("key.pem"), "a key");
  }

  private StackSettings stack(Map<String, String> env, String... secrets) {
    return OrchestratorFixture.settings(folder)
        .stack()
        .withCompose(new ComposeSettings(List.of(), env, Map.of(), List.of(secrets)));
  }

  private ExportSecrets find(String... secrets) throws IOException {
    return ExportSecrets.of(stack(Map.of(), secrets), release);
  }

  private String refused(StackSettings stack) {
    return String.valueOf(
            assertThrows(RefusedException.class, () -> ExportSecrets.of(stack, release))
                .getMessage())
        .replace(folder + "/", "");
  }

  @Test
  void variablesAndFilesAreFoundAndTakenOut() throws Exception {
    ExportSecrets secrets = find("DB_PASSWORD", "TOKEN", "key.pem");
    assertEquals(Map.of("DB_PASSWORD", "hunter2", "TOKEN", "abc"), secrets.bundle().variables());
    assertEquals(List.of("key.pem"), secrets.bundle().fileNames());
    byte[] env = Files.readAllBytes(release.resolve(".env"));
    assertEquals("TAG=1\n", new String(secrets.filter().env(env), StandardCharsets.UTF_8));
    assertFalse(secrets.toString().contains("hunter2"), "names alone");
  }

  @Test
  void whatIsNotThereIsRefusedByName() {
    assertEquals(
        "secrets: NOBODY is neither a file of release nor a variable in its .env: set it there, or"
            + " take it out of 'secrets' in stack.conf",
        refused(stack(Map.of(), "NOBODY")));
    assertEquals(
        "secrets: OTHER is set in 'env' of stack.conf, which is exported: set it in release/.env"
            + " instead",
        refused(stack(Map.of("OTHER", "x"), "OTHER")));
  }

  @Test
  void aValueThatWouldGoAlongInAnotherFileIsRefused() throws Exception {
    Files.writeString(
        release.resolve("compose.yaml"), "services: {db: {environment: [P=hunter2]}}");
    assertEquals(
        "secrets: release/compose.yaml has the value of DB_PASSWORD, and would be exported with it:"
            + " write ${DB_PASSWORD} there, or declare the file in 'secrets', too",
        refused(stack(Map.of(), "DB_PASSWORD")));
  }
}
