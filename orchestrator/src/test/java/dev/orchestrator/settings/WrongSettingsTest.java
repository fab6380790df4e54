package dev.orchestrator.settings;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.testing.ConfigFolderFixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The files of {@code wrong/settings}, each read as orchestrator.conf: every error is explained in
 * a short line, within seconds. The first line of a file has a part of the expected message.
 */
final class WrongSettingsTest {
  private static final Path FOLDER = Path.of("src/test/resources/wrong/settings");

  @TempDir Path folder;

  static Stream<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(FOLDER)) {
      return files.map(Path::getFileName).sorted().toList().stream();
    }
  }

  @ParameterizedTest
  @MethodSource("files")
  void eachFileIsExplainedInShortLines(Path file) throws IOException {
    String text = Files.readString(FOLDER.resolve(file));
    String expected = text.lines().findFirst().orElseThrow().substring(2);
    ConfigFolderFixture config = ConfigFolderFixture.in(folder, text, "");
    String said = assertTimeoutPreemptively(Duration.ofSeconds(10), config::problems);
    assertTrue(said.contains(expected), said);
    for (String line : said.split("\n", -1)) {
      assertTrue(line.startsWith("orchestrator.conf"), line);
      assertTrue(line.length() < 400, line);
      assertFalse(line.matches(".*(\\p{Cntrl}|Exception|com\\.typesafe).*"), line);
    }
  }
}
