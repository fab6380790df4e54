package dev.orchestrator.release;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.settings.ComposeSettings;
import dev.orchestrator.settings.StackSettings;
import dev.orchestrator.testing.LightStackFixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ReleasesTest {
  @TempDir Path directory;
  private LightStackFixture light;
  private Releases releases;

  @BeforeEach
  void setUp() {
    light = LightStackFixture.in(directory);
    releases = new Releases(light.stack(8080));
  }

  @Test
  void areTheFoldersWithAComposeFileInSemanticOrder() throws IOException {
    Path folder = Files.createDirectories(light.folder().resolve("releases/v10"));
    Files.writeString(folder.resolve("docker-compose.yml"), "services: {}");
    Files.createDirectories(light.folder().resolve("releases/v4"));
    Files.createDirectories(light.folder().resolve("releases/.git"));

    assertEquals(List.of("v1", "v2", "v3", "v10"), releases.versions());
    assertEquals("v10", releases.newest());
    assertEquals(List.of("docker-compose.yml"), releases.release("v10").composeFiles());
  }

  @Test
  void unknownVersionNamesTheKnownOnes() {
    RefusedException e = assertThrows(RefusedException.class, () -> releases.release("v7"));
    assertEquals("unknown version v7 of stack light; known: v1, v2, v3", e.getMessage());
  }

  @Test
  void folderWithoutComposeFileSaysWhatIsMissing() throws IOException {
    Path folder = Files.createDirectories(light.folder().resolve("releases/v4"));
    RefusedException e = assertThrows(RefusedException.class, () -> releases.release("v4"));
    assertEquals(
        "version v4 of stack light has no compose file: put a compose.yaml into " + folder,
        e.getMessage());
  }

  @Test
  void overrideFilesAndOrderAreThoseOfCompose() throws IOException {
    file("v4/docker-compose.yaml", "");
    file("v4/docker-compose.yml", "");
    file("v4/compose.override.yaml", "");
    file("v4/docker-compose.override.yml", "");
    assertEquals(
        List.of("docker-compose.yml", "compose.override.yaml"),
        releases.release("v4").composeFiles());
  }

  @ParameterizedTest
  @CsvSource({
    "'COMPOSE_FILE=a.yml:./sub/b.yml', 'a.yml, sub/b.yml'",
    "'export COMPOSE_FILE = \"a.yml\" # the one', a.yml",
    "'COMPOSE_FILE=old.yml|COMPOSE_PATH_SEPARATOR=;|COMPOSE_FILE=a.yml;sub/b.yml', 'a.yml,"
        + " sub/b.yml'",
    "'#COMPOSE_FILE=a.yml', compose.yaml",
    "'COMPOSE_FILE=', compose.yaml"
  })
  void composeFileOfEnvNamesTheFiles(String env, String names) throws IOException {
    for (String name : List.of("a.yml", "sub/b.yml", "compose.yaml")) {
      file("v4/" + name, "");
    }
    file("v4/.env", env.replace('|', '\n'));
    assertEquals(names, releases.release("v4").composeFileNames());
  }

  @Test
  void composeFileThatIsNotThereIsNamedWithWhoNamesIt() throws IOException {
    file("v4/a.yml", "");
    file("v4/.env", "COMPOSE_FILE=a.yml:b.yml:/etc/passwd");
    assertEquals("v4", releases.newest());
    RefusedException e = assertThrows(RefusedException.class, () -> releases.release("v4"));
    assertEquals(
        "version v4 of stack light has no b.yml, /etc/passwd, which COMPOSE_FILE in .env names: put"
            + " it into "
            + light.folder().resolve("releases/v4"),
        e.getMessage());
  }

  @Test
  void composeFilesOfStackConfComeFirst() throws IOException {
    file("v4/a.yml", "");
    file("v4/.env", "COMPOSE_FILE=b.yml");
    StackSettings s = light.stack(8080);
    Releases named = new Releases(s.withCompose(new ComposeSettings(List.of("a.yml"), Map.of())));
    assertEquals(List.of("v4"), named.versions());
    assertEquals(List.of("a.yml"), named.release("v4").composeFiles());
    assertTrue(
        String.valueOf(assertThrows(RefusedException.class, () -> named.release("v1")).getMessage())
            .contains("has no a.yml, which compose-files in stack.conf names"));
  }

  private void file(String name, String text) throws IOException {
    Path file = light.folder().resolve("releases").resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  @ParameterizedTest
  @ValueSource(strings = {"../v1", "..", ".", "", "v1/../v2", "-v", "v 1", "v1\n"})
  void nameThatIsNoneIsRefused(String name) {
    assertThrows(RefusedException.class, () -> releases.release(name));
  }

  @Test
  void stackWithoutReleasesHasNone() {
    Releases none = new Releases(new LightStackFixture("none", directory, directory).stack(8080));
    assertEquals(List.of(), none.versions());
    assertTrue(
        String.valueOf(assertThrows(RefusedException.class, none::newest).getMessage())
            .startsWith("there is no version yet: put a folder with a compose file below "));
  }
}
