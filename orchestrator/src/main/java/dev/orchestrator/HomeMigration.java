package dev.orchestrator;

import dev.orchestrator.home.HomeFiles;
import dev.orchestrator.journal.Journal;
import dev.orchestrator.journal.JournalException;
import dev.orchestrator.settings.Settings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.InstantSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Moves the state of an installation that had one stack, with its journal in the home itself, to
 * the folder of that stack. A link stays in the old place, so that the version of this program
 * before finds its journal when one goes back to it. Killed half-way, it goes on at the next start:
 * the journal itself moves by one rename.
 */
final class HomeMigration {
  private static final Logger log = LoggerFactory.getLogger(HomeMigration.class);
  private static final String LOGS = "logs";

  private HomeMigration() {}

  /**
   * Moves the state, where there is some to move. To be called by the owner of the home, before a
   * journal is opened.
   *
   * @throws JournalException when the journal can't be read, or can't be moved
   */
  static void run(Path home) {
    Path journal = home.resolve(Settings.JOURNAL);
    if (!Files.isRegularFile(journal, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    String stack = Journal.owner(journal, InstantSource.system());
    if (stack.isEmpty()) {
      return; // A journal that no stack has claimed knows nothing.
    }
    Path state = Settings.state(home, stack);
    try {
      new HomeFiles(state).create();
      move(journal, state);
      Path logs = home.resolve(LOGS);
      if (Files.isDirectory(logs, LinkOption.NOFOLLOW_LINKS)) {
        move(logs, state);
      }
    } catch (IOException e) {
      throw new JournalException(
          "%s: can't be moved to %s: %s; check the folder's owner and the disk"
              .formatted(journal, state, e.getMessage()),
          e);
    }
    log.info("the state of stack {} is in {} now", stack, state);
  }

  private static void move(Path file, Path folder) throws IOException {
    Path target = folder.resolve(String.valueOf(file.getFileName()));
    if (Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
      throw new IOException(target + " is there already: set one of the two aside");
    }
    Files.move(file, target, StandardCopyOption.ATOMIC_MOVE);
    Files.createSymbolicLink(file, file.resolveSibling("").relativize(target));
  }
}
