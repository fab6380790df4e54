package dev.orchestrator.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.orchestrator.archive.ArchiveContents;
import dev.orchestrator.archive.ArchiveFixture;
import dev.orchestrator.common.HumanText;
import dev.orchestrator.common.Json;
import dev.orchestrator.testing.CommandRunner;
import dev.orchestrator.testing.CommandRunner.Result;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.time.Instant;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Without a service and without an engine. */
class InspectCommandTest {
  @TempDir Path folder;
  private CommandRunner commands;
  private Path file;

  @BeforeEach
  void start() throws IOException {
    commands = new CommandRunner(folder);
    file = folder.resolve("shop.tar");
  }

  @Test
  void itShowsWhatIsInTheFile() {
    ArchiveContents.Image image = ArchiveFixture.withData(file).image();
    Result result = commands.run("inspect", file.toString(), "--verify");
    assertEquals(0, result.exitCode(), result.err());
    assertEquals(
        """
        shop 1.0 for amd64, exported %s by orchestrator 0.1.0
        image     orchestrator/shop:1.0, %s, %s
        secrets   encrypted: DB_PASSWORD
        data      40.0 MB
        VOLUME   SIZE      FILES   IN THE FILE
        data     40.0 MB   120     16.8 MB
        media    6.0 kB    3       5.0 kB
        verified: all 14 entries are as they were written
        """
            .formatted(
                HumanText.when(Instant.parse("2026-11-27T05:00:00Z")),
                image.id().substring(0, 19),
                HumanText.bytes(image.bytes())),
        result.out());
  }

  @Test
  void itShowsWhatIsMissing() {
    ArchiveFixture.withoutSecrets(file);
    Result result = commands.run("inspect", file.toString());
    assertTrue(
        result
            .out()
            .contains(
                """
                settings  stack.conf
                secrets   left out: DB_PASSWORD, secrets/key
                data      none: a stack that is made of it begins with empty volumes
                """),
        result.out());
  }

  @Test
  void asJsonItHasEverything() {
    ArchiveFixture.withData(file);
    JsonNode json = Json.tree(commands.run("inspect", file.toString(), "--json").out());
    assertEquals("shop", json.at("/head/stack").asText());
    assertEquals(120, json.at("/volumes/0/files").asInt());
    assertEquals("orchestrator/archive.json", json.at("/entries/0/name").asText());
  }

  @Test
  void alteredDataIsFoundWhenAllIsRead() throws IOException {
    ArchiveFixture.withData(file);
    try (RandomAccessFile opened = new RandomAccessFile(file.toFile(), "rw")) {
      opened.seek(5_000_000);
      int before = opened.read();
      opened.seek(5_000_000);
      opened.write(before ^ 1);
    }
    assertEquals(0, commands.run("inspect", file.toString()).exitCode());
    Result result = commands.run("inspect", file.toString(), "--verify");
    assertEquals(3, result.exitCode());
    assertTrue(
        result.err().startsWith("error: " + file + " is damaged or was altered, at blobs/"),
        result.err());
    assertEquals("", result.out());
  }
}
