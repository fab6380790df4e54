package dev.orchestrator.journal;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.journal.StepRecord.Phase;
import dev.orchestrator.journal.UpgradeRecord.Kind;
import java.io.BufferedReader;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A process of its own writes, and is killed while it does. */
class JournalKillTest {

  @TempDir Path folder;

  /** Says the number of each line after it was written, until somebody kills it. */
  static final class Writer {
    public static void main(String[] arguments) {
      Journal journal = Journal.open(Path.of(arguments[0]), InstantSource.system());
      String id = journal.begin(Kind.UPGRADE, "v1", "v2", null).id();
      while (true) {
        System.out.println(journal.append(id, "copy", Phase.INTENT, "").sequence());
      }
    }
  }

  @Test
  void whatWasAcknowledgedIsThereAndTheLockIsNot() throws Exception {
    Path file = folder.resolve("journal.db");
    Process writer =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty(
                    "surefire.test.class.path", System.getProperty("java.class.path")),
                Writer.class.getName(),
                file.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    int acknowledged = 0;
    try (BufferedReader lines = writer.inputReader(UTF_8)) {
      while (acknowledged < 50) {
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

    try (Journal journal = Journal.open(file, InstantSource.system())) {
      int found = journal.steps("u1").size();
      assertTrue(
          found == acknowledged || found == acknowledged + 1,
          found + " lines, " + acknowledged + " acknowledged");
      assertEquals("u1", journal.running().orElseThrow().id());
    }
  }
}
