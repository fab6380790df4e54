package dev.orchestrator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.journal.Journal;
import dev.orchestrator.journal.JournalException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The state of an installation with one stack. */
class HomeMigrationTest {
  @TempDir Path home;

  private void writeJournal(Path file, String stack) {
    try (Journal journal = Journal.open(file, InstantSource.system())) {
      journal.claim(stack);
      journal.setDown(true);
    }
  }

  private boolean isDown(Path file) {
    try (Journal journal = Journal.open(file, InstantSource.system())) {
      journal.claim("shop");
      return journal.down();
    }
  }

  @Test
  void journalAndLogsMoveToTheFolderOfTheirStack() throws Exception {
    Path old = home.resolve("journal.db");
    writeJournal(old, "shop");
    Files.createDirectories(home.resolve("logs"));
    Files.writeString(home.resolve("logs/u1-v2.log"), "why");

    HomeMigration.run(home);

    assertTrue(isDown(home.resolve("state/shop/journal.db")));
    assertEquals("why", Files.readString(home.resolve("state/shop/logs/u1-v2.log")));
    assertTrue(isDown(old), "the program before finds its journal");
    HomeMigration.run(home);
    assertTrue(isDown(home.resolve("state/shop/journal.db")), "a second time changes nothing");
  }

  @Test
  void aHomeWithoutSuchAJournalIsLeftAlone() {
    HomeMigration.run(home);
    assertFalse(Files.exists(home.resolve("state")));
  }

  @Test
  void twoJournalsOfOneStackAreNeverMerged() {
    writeJournal(home.resolve("journal.db"), "shop");
    writeJournal(home.resolve("state/shop/journal.db"), "shop");
    JournalException refused = assertThrows(JournalException.class, () -> HomeMigration.run(home));
    assertTrue(String.valueOf(refused.getMessage()).contains("set one of the two aside"));
  }

  @Test
  void aDamagedJournalIsTold() throws Exception {
    Files.writeString(home.resolve("journal.db"), "no journal at all, but long enough to be read");
    assertThrows(JournalException.class, () -> HomeMigration.run(home));
  }
}
