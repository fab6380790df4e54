package dev.orchestrator.journal;

import static dev.orchestrator.testing.GenerationFixture.START;
import static dev.orchestrator.testing.GenerationFixture.generation;
import static dev.orchestrator.testing.GenerationFixture.serveFirst;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.journal.StepRecord.Phase;
import dev.orchestrator.journal.UpgradeRecord.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** A journal whose file was damaged, moved, copied or cut off. */
class JournalFileTest {

  @TempDir Path folder;
  private Path file;

  @BeforeEach
  void name() {
    file = folder.resolve("journal.db");
  }

  @Test
  void theFileIsReadableByItsOwnerAlone() throws IOException {
    Path nested = folder.resolve("new/home/journal.db");
    try (Journal journal = open(nested)) {
      serveFirst(journal);
      assertEquals("rw-------", permissions(nested));
      assertEquals("rw-------", permissions(nested.resolveSibling("journal.db-wal")));
    }
    assertEquals("rwx------", permissions(folder.resolve("new/home")));
  }

  /** A power cut leaves the files as they are, without closing the journal. */
  @Test
  void aCopyOfTheFilesOfAnOpenJournalIsComplete() throws IOException {
    try (Journal journal = open(file)) {
      serveFirst(journal);
      String id = journal.begin(Kind.UPGRADE, "v1", "v2", 1).id();
      for (int i = 0; i < 5; i++) {
        journal.append(id, "step-" + i, Phase.INTENT, "");
        Path copy = copy("cut-" + i);
        try (Journal after = open(copy)) {
          assertEquals(i + 1, after.steps(id).size());
          assertEquals(Optional.of(generation(1, "v1")), after.serving());
        }
      }
    }
  }

  /** A power cut while the log is written: everything that was acknowledged before is there. */
  @Test
  void aTornLogLosesNothingThatWasAcknowledgedBefore() throws IOException {
    try (Journal journal = open(file)) {
      serveFirst(journal);
      String id = journal.begin(Kind.UPGRADE, "v1", "v2", 1).id();
      journal.addCandidate(id, generation(2, "v2"));
      byte[] before = Files.readAllBytes(log(file));
      journal.switchTo(id, 2);
      byte[] after = Files.readAllBytes(log(file));
      assertTrue(after.length > before.length, "the switch is in the log");

      for (int length = before.length; length < after.length; length += 2999) {
        Path torn = copy("torn-" + length);
        Files.write(log(torn), Arrays.copyOf(after, length));
        try (Journal reopened = open(torn)) {
          assertEquals(1, reopened.serving().orElseThrow().number());
          assertEquals(Optional.empty(), reopened.switched(id), "whole or not at all");
          assertEquals(id, reopened.running().orElseThrow().id());
        }
      }
      try (Journal whole = open(copy("whole"))) {
        assertEquals(2, whole.serving().orElseThrow().number());
        assertEquals(new SwitchRecord(2, START), whole.switched(id).orElseThrow());
      }
    }
  }

  @Test
  void aDamagedJournalIsNamedWithWhatToDoAndIsNotTouched() throws IOException {
    try (Journal journal = open(file)) {
      serveFirst(journal);
    }
    byte[] whole = Files.readAllBytes(file);
    byte[] overwritten = whole.clone();
    Arrays.fill(overwritten, 4096, overwritten.length, (byte) 'x');
    for (byte[] content :
        List.of(
            new byte[0],
            new byte[50],
            "not a journal".repeat(500).getBytes(UTF_8),
            Arrays.copyOf(whole, whole.length / 2),
            overwritten)) {
      Files.write(file, content);
      String message = failure(() -> open(file));
      assertTrue(message.startsWith(file + ": the journal is damaged ("), message);
      assertTrue(message.contains("set it aside with `for f in " + file + "*;"), message);
      assertFalse(message.contains("\n"), message);
      assertEquals(content.length, Files.size(file), "left for whoever mends it");
    }
  }

  @Test
  void aMissingFileWhoseLogIsLeftIsDamage() throws IOException {
    Files.writeString(log(file), "something");
    String message = failure(() -> open(file));
    assertTrue(message.contains("it is gone, and its log journal.db-wal is left"), message);
    assertFalse(Files.exists(file));
  }

  @Test
  void aHalfCreatedFileIsCreatedAgain() throws IOException {
    Files.writeString(folder.resolve("journal.db.new"), "half of it");
    try (Journal journal = open(file)) {
      assertEquals(1, journal.nextGeneration());
    }
    assertFalse(Files.exists(folder.resolve("journal.db.new")));
  }

  /** As the first version of the program has left it: with generations, and no snapshots. */
  @Test
  void aJournalOfBeforeThereWereSnapshotsKeepsWhatItHas() throws Exception {
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
        Statement statement = connection.createStatement()) {
      statement.executeUpdate(JournalSchema.MIGRATIONS.getFirst());
      statement.executeUpdate("PRAGMA user_version = 1");
      statement.executeUpdate(
          """
          INSERT INTO generation VALUES
            (1, 'v1', 'c1', 'sha256:1', 'demo-g1', '[]', 'demo-g1-store', '{}',
              '2026-11-01T10:00:00Z', 'SET_ASIDE'),
            (2, 'v2', 'c2', 'sha256:2', 'demo-g2', '[]', 'demo-g2-store', '{"web:80":80}',
              '2026-11-02T10:00:00Z', 'SERVING')
          """);
      statement.executeUpdate("UPDATE stack SET last_generation = 2");
    }
    try (Journal journal = open(file)) {
      assertEquals(2, journal.serving().orElseThrow().number());
      assertEquals(Map.of("web:80", 80), journal.serving().orElseThrow().ports());
      assertEquals(
          List.of(Generation.State.SET_ASIDE, Generation.State.SERVING),
          journal.generations().stream().map(GenerationRecord::state).toList());
      assertEquals(List.of(), journal.snapshots());
      assertEquals(3, journal.nextGeneration());
      journal.setState(1, Generation.State.SNAPSHOT);
    }
    try (Journal again = open(file)) {
      assertEquals(Generation.State.SNAPSHOT, again.generations().getFirst().state());
    }
  }

  @Test
  void aJournalOfANewerServiceIsNotTouched() throws Exception {
    open(file).close();
    sql("PRAGMA user_version = 99");
    String message = failure(() -> open(file));
    assertTrue(message.contains("written by a newer orchestrator (its format is 99"), message);
  }

  @Test
  void anotherProgramsDatabaseIsNotTaken() throws Exception {
    sql("CREATE TABLE other (x)");
    String message = failure(() -> open(file));
    assertTrue(message.contains("damaged (it is no journal: it has no tables)"), message);
  }

  @Test
  void anUnreadableRowIsDamage() throws Exception {
    try (Journal journal = open(file)) {
      serveFirst(journal);
    }
    sql("UPDATE generation SET created = 'yesterday'");
    try (Journal journal = open(file)) {
      String message = failure(journal::serving);
      assertTrue(message.contains("the journal is damaged (Text 'yesterday'"), message);
    }
  }

  @Test
  void aSecondServiceIsRefusedUntilTheFirstIsGone() {
    try (Journal journal = open(file)) {
      assertEquals(1, journal.nextGeneration());
      String message = failure(() -> open(file));
      assertTrue(message.contains("in use by another process"), message);
      assertEquals(2, journal.nextGeneration(), "the first is not disturbed");
    }
    try (Journal journal = open(file)) {
      assertEquals(3, journal.nextGeneration());
    }
  }

  @Test
  void aFolderThatCannotBeCreatedIsNamed() throws IOException {
    Files.writeString(folder.resolve("taken"), "a file");
    Path inside = folder.resolve("taken/journal.db");
    String message = failure(() -> open(inside));
    assertTrue(message.startsWith(inside + ": can't make the journal: "), message);
  }

  private static String failure(Executable action) {
    return String.valueOf(assertThrows(JournalException.class, action).getMessage());
  }

  private static Journal open(Path path) {
    return Journal.open(path, InstantSource.fixed(START));
  }

  private void sql(String statement) throws Exception {
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
        Statement one = connection.createStatement()) {
      one.execute(statement);
    }
  }

  private Path copy(String name) throws IOException {
    Path copy = Files.createDirectory(folder.resolve(name)).resolve("journal.db");
    Files.copy(file, copy);
    Files.copy(log(file), log(copy));
    return copy;
  }

  private static Path log(Path path) {
    return path.resolveSibling(path.getFileName() + "-wal");
  }

  private static String permissions(Path path) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }
}
