package dev.orchestrator.compose;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.capsule.image.ImageBuilder;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.engine.DockerEngine;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.testing.LightStackFixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The files of {@code wrong/compose}, each as a version's compose file: the check that precedes an
 * upgrade, {@code --plan} and {@code up} refuses it in one line, and leaves nothing on the engine.
 * The first line of a file has a part of the expected message.
 */
@Tag("engine")
final class WrongComposeEngineTest {
  private static final Path FOLDER = Path.of("src/test/resources/wrong/compose");
  private static final Map<String, String> OWNER =
      Map.of(Labels.HOME, "test-" + UUID.randomUUID().toString().substring(0, 8));

  @TempDir Path directory;
  private LightStackFixture stack;
  private Engine engine;
  private ImageBuilder builder;

  @BeforeEach
  void connect() {
    stack = LightStackFixture.in(directory, "wrong");
    engine = DockerEngine.connect("", Duration.ofSeconds(60));
    builder = new ImageBuilder(engine, stack.settings(8080), OWNER, InstantSource.system());
  }

  @AfterEach
  void close() {
    engine.close();
  }

  static Stream<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(FOLDER)) {
      return files.map(Path::getFileName).sorted().toList().stream();
    }
  }

  @ParameterizedTest
  @MethodSource("files")
  void eachIsRefusedInOneLine(Path file) throws IOException {
    Files.copy(FOLDER.resolve(file), compose(), StandardCopyOption.REPLACE_EXISTING);
    String expected = Files.readAllLines(FOLDER.resolve(file), ISO_8859_1).getFirst().substring(2);
    String said = refused();
    assertTrue(said.contains(expected), said);
  }

  @Test
  void aFileOfTenMegabytesIsRefused() throws IOException {
    Files.writeString(compose(), "services: {}\n#" + "x".repeat(10 << 20));
    String said = refused();
    assertTrue(said.contains("compose.yaml is larger than 1 MiB"), said);
  }

  @Test
  void aFileThatIsNestedTooDeepIsRefused() throws IOException {
    Files.writeString(compose(), "services: " + "[".repeat(200_000));
    assertTrue(refused().contains("Compose rejects"));
  }

  private Path compose() throws IOException {
    Path folder = stack.folder().resolve("releases/v9");
    return Files.createDirectories(folder).resolve("compose.yaml");
  }

  private String refused() {
    String said =
        String.valueOf(
            assertThrows(RefusedException.class, () -> builder.check("v9")).getMessage());
    assertEquals(1, said.lines().count(), said);
    assertTrue(said.length() < 700, said);
    assertFalse(said.matches(".*(Exception|goroutine|panic|\\p{Cntrl}).*"), said);
    assertEquals(List.of(), engine.containers(OWNER));
    assertEquals(List.of(), engine.volumes(OWNER));
    return said;
  }
}
