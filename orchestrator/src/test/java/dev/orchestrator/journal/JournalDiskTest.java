package dev.orchestrator.journal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.orchestrator.testing.LoopDiskFixture;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A journal on a real disk that is full for a while. */
@Tag("engine")
class JournalDiskTest {
  @TempDir Path directory;

  @Test
  void afterTheDiskWasFullItIsWrittenAgain() {
    assumeTrue(LoopDiskFixture.possible("mkfs.ext4"), "no mkfs.ext4 here, or this isn't root");
    try (LoopDiskFixture disk = new LoopDiskFixture(directory, "mkfs.ext4", 16 << 20);
        Journal journal =
            Journal.open(disk.folder().resolve("journal.db"), InstantSource.system())) {
      journal.setDown(false);
      disk.fill();
      JournalException full =
          assertThrows(JournalException.class, () -> writeMuch(journal), "it has no room");
      assertTrue(full.toString().contains("the disk is full"), full.toString());
      assertEquals(Optional.empty(), journal.serving(), "it can be read meanwhile");
      disk.free();
      writeMuch(journal);
      journal.setDown(true);
      assertTrue(journal.down());
    }
  }

  private static void writeMuch(Journal journal) {
    for (int i = 0; i < 200; i++) {
      journal.quarantine("v" + i, "content", "why ".repeat(1000));
    }
  }
}
