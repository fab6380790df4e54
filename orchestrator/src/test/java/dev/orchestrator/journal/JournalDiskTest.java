package dev.orchestrator.journal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.orchestrator.journal.UpgradeRecord.Kind;
import dev.orchestrator.testing.LoopDiskFixture;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A journal on a real disk that is full for a while. */
@Tag("engine")
class JournalDiskTest {
  @TempDir Path directory;

  @Test
  void afterTheDiskWasFullTheJournalCanBeWrittenAgain() {
    assumeTrue(LoopDiskFixture.isSupported("mkfs.ext4"), "no mkfs.ext4 here, or this isn't root");
    try (LoopDiskFixture disk = new LoopDiskFixture(directory, "mkfs.ext4", 16 << 20);
        Journal journal =
            Journal.open(disk.folder().resolve("journal.db"), InstantSource.system())) {
      journal.setDown(false);
      disk.fill();
      JournalException full =
          assertThrows(JournalException.class, () -> writeMuch(journal), "it has no room");
      assertTrue(full.toString().contains("the disk is full"), full.toString());
      assertEquals(Optional.empty(), journal.serving(), "it can be read meanwhile");
      disk.removeFiller();
      writeMuch(journal);
      journal.setDown(true);
      assertTrue(journal.down());
    }
  }

  /** The disk has room for one more block in each round, until the whole run fits. */
  @Test
  void aRunThatBeginsWhileTheDiskFillsUpIsThereWithAllItNeedsOrNotAtAll() {
    assumeTrue(LoopDiskFixture.isSupported("mkfs.ext4"), "no mkfs.ext4 here, or this isn't root");
    try (LoopDiskFixture disk = new LoopDiskFixture(directory, "mkfs.ext4", 16 << 20)) {
      int room = 0;
      while (!beginsWith(disk, room)) {
        room += 4096;
      }
      assertTrue(room > 0, "with no room at all it can't begin");
    }
  }

  /** Whether a run begins where so many bytes are free. */
  private static boolean beginsWith(LoopDiskFixture disk, int room) {
    Path file = disk.folder().resolve("journal-" + room + ".db");
    Map<String, String> attachments =
        Map.of("options", '"' + "o".repeat(10_000) + '"', "notes", '"' + "n".repeat(10_000) + '"');
    boolean begins = true;
    try (Journal journal = Journal.open(file, InstantSource.system())) {
      disk.fill(room);
      try {
        journal.begin(Kind.ROLLBACK, "v2", "v1", 2, 1, attachments);
      } catch (JournalException full) {
        assertTrue(full.toString().contains("the disk is full"), full.toString());
        begins = false;
      }
      assertBegun(journal, attachments, begins);
      disk.removeFiller();
    }
    try (Journal journal = Journal.open(file, InstantSource.system())) {
      assertBegun(journal, attachments, begins);
    }
    return begins;
  }

  private static void assertBegun(Journal journal, Map<String, String> attachments, boolean begun) {
    assertEquals(begun ? 1 : 0, journal.history().size());
    if (begun) {
      assertEquals(1, journal.running().orElseThrow().to());
      attachments.forEach(
          (key, json) -> assertTrue(journal.attachment("u1", key).equals(Optional.of(json)), key));
    }
  }

  private static void writeMuch(Journal journal) {
    for (int i = 0; i < 200; i++) {
      journal.quarantine("v" + i, "content", "why ".repeat(1000));
    }
  }
}
