package dev.orchestrator.release;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.testing.LightStackFixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
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
