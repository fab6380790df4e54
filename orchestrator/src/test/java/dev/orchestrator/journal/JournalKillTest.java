package dev.orchestrator.journal;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.journal.StepRecord.Phase;
import dev.orchestrator.journal.UpgradeRecord.Kind;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import java.io.BufferedReader;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A journal whose process is killed while it writes. */
class JournalKillTest {

  private static final Map<String, String> ATTACHMENTS =
      Map.of(
          "options", '"' + "o".repeat(10_000) + '"',
          "notes", '"' + "n".repeat(10_000) + '"');

  @TempDir Path folder;

  /** Prints the number of each line after it was written, until it is killed. */
  static final class Writer {
    public static void main(String[] arguments) {
      Journal journal = Journal.open(Path.of(arguments[0]), InstantSource.system());
      String id = journal.begin(Kind.UPGRADE, "v1", "v2", null).id();
      while (true) {
        System.out.println(journal.append(id, "copy", Phase.INTENT, "").sequence());
      }
    }
  }

  /** Begins and ends one run after another, until it is killed. */
  static final class Beginner {
    public static void main(String[] arguments) {
      Journal journal = Journal.open(Path.of(arguments[0]), InstantSource.system());
      while (true) {
        String id = journal.begin(Kind.ROLLBACK, "v2", "v1", 2, 1, ATTACHMENTS).id();
        journal.end(id, Outcome.DONE, "");
        System.out.println(id.substring(1));
      }
    }
  }

  @Test
  void afterAKillAcknowledgedLinesAreThereAndTheLockIsFree() throws Exception {
    Path file = folder.resolve("journal.db");
    int acknowledged = killAfter(50, Writer.class, file);

    try (Journal journal = Journal.open(file, InstantSource.system())) {
      int found = journal.steps("u1").size();
      assertTrue(
          found == acknowledged || found == acknowledged + 1,
          found + " lines, " + acknowledged + " acknowledged");
      assertEquals("u1", journal.running().orElseThrow().id());
    }
  }

  /** Several kills, since each hits one moment. */
  @RepeatedTest(4)
  void aRunThatHasBegunHasItsCandidateAndItsAttachments(RepetitionInfo repetition)
      throws Exception {
    Path file = folder.resolve("journal.db");
    int acknowledged = killAfter(repetition.getCurrentRepetition(), Beginner.class, file);

    try (Journal journal = Journal.open(file, InstantSource.system())) {
      List<UpgradeRecord> begun = journal.history();
      assertTrue(
          begun.size() == acknowledged || begun.size() == acknowledged + 1,
          begun.size() + " runs, " + acknowledged + " acknowledged");
      for (UpgradeRecord run : begun) {
        assertEquals(1, run.to(), run.id());
        ATTACHMENTS.forEach((key, json) ->
            assertTrue(
                journal.attachment(run.id(), key).equals(Optional.of(json)),
                run.id() + " has no " + key));
      }
    }
  }

  /**
   * Starts a program, and kills it once it has printed the number.
   *
   * @return the last number that it printed
   */
  private static int killAfter(int number, Class<?> program, Path file) throws Exception {
    Process writer =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty(
                    "surefire.test.class.path", System.getProperty("java.class.path")),
                program.getName(),
                file.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    int acknowledged = 0;
    try (BufferedReader lines = writer.inputReader(UTF_8)) {
      while (acknowledged < number) {
        acknowledged = Integer.parseInt(lines.readLine());
      }
      // Not through the Process itself: it would throw away what is still in the pipe.
      writer.toHandle().destroyForcibly();
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        acknowledged = Math.max(acknowledged, Integer.parseInt(line));
      }
    } finally {
      writer.destroyForcibly();
    }
    assertTrue(writer.waitFor(Duration.ofSeconds(10)));
    return acknowledged;
  }
}
