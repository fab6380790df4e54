package dev.orchestrator.journal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.data.DataVolume;
import dev.orchestrator.data.DataVolume.Method;
import dev.orchestrator.journal.UpgradeRecord.Kind;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.testing.GeneratedInput;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A journal whose file was damaged at random: it has its content, or opening it fails with one
 * line; it never begins anew.
 */
final class JournalDamagePropertyTest {
  private static final Instant NOW = Instant.parse("2026-11-25T10:00:00Z");
  private static final int PAGE = 4096;

  @TempDir Path folder;

  @Test
  void aDamagedJournalIsReportedOrStillKnowsWhatServed() throws IOException {
    byte[] whole = written();
    GeneratedInput.forAll(
        400,
        random -> {
          Path file = folder.resolve("damaged.db");
          for (String end : List.of("", "-wal", "-shm", "-journal")) {
            Files.deleteIfExists(folder.resolve("damaged.db" + end));
          }
          Files.write(file, damaged(random, whole));
          try (Journal journal = Journal.open(file, InstantSource.system())) {
            assertTrue(journal.serving().isPresent(), "nothing serves any more");
            assertEquals(2, journal.history().size());
            for (UpgradeRecord run : journal.history()) {
              assertFalse(journal.steps(run.id()).isEmpty(), run.id());
            }
            assertEquals(2, journal.generations().size());
          } catch (JournalException e) {
            String said = String.valueOf(e.getMessage());
            assertEquals(1, said.lines().count(), said);
            assertTrue(said.startsWith(file + ": "), said);
          }
        });
  }

  private byte[] written() throws IOException {
    Path file = folder.resolve("whole.db");
    try (Journal journal = Journal.open(file, InstantSource.system())) {
      journal.claim("demo");
      for (int i = 1; i <= 2; i++) {
        String run = journal.begin(i == 1 ? Kind.UP : Kind.UPGRADE, "", "v" + i, null).id();
        int number = journal.nextGeneration();
        journal.addCandidate(
            run,
            new Generation(
                number,
                "v" + i,
                "c" + i,
                "sha256:" + i,
                "demo-g" + number,
                List.of(DataVolume.plain(DataVolume.MAIN, "demo-d" + i, Method.NEW, List.of())),
                "demo-s" + i,
                Map.of("web:80", 80),
                NOW));
        for (int step = 0; step < 20; step++) {
          StepRecord _ = journal.append(run, "verify", StepRecord.Phase.DONE, "line " + step);
        }
        journal.switchTo(run, number);
        journal.end(run, Outcome.DONE, "");
      }
    }
    return Files.readAllBytes(file);
  }

  private static byte[] damaged(RandomGenerator random, byte[] whole) {
    byte[] bytes = whole.clone();
    switch (random.nextInt(4)) {
      case 0 -> bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length));
      case 1 -> {
        for (int i = 1 + random.nextInt(8); i > 0; i--) {
          bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
        }
      }
      case 2 -> {
        int page = random.nextInt(bytes.length / PAGE) * PAGE;
        Arrays.fill(bytes, page, page + PAGE, (byte) 0);
      }
      default -> {
        byte[] block = new byte[512];
        random.nextBytes(block);
        int from = random.nextInt(bytes.length / block.length) * block.length;
        System.arraycopy(block, 0, bytes, from, block.length);
      }
    }
    return bytes;
  }
}
