package dev.orchestrator.backup;

import dev.orchestrator.backup.BackupException.Kind;
import dev.orchestrator.backup.BackupHealth.Failed;
import dev.orchestrator.backup.BackupHealth.Proof;
import dev.orchestrator.common.Json;
import dev.orchestrator.home.HomeFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.function.UnaryOperator;

/**
 * The file in a stack's state folder that tells how its backups stand. A damaged file counts as
 * none: it must not keep a backup from being made. Thread-safe.
 */
public final class BackupLog {
  private final HomeFiles files;
  private final Path file;

  /**
   * The file in a folder.
   *
   * @param state the stack's state folder
   */
  public BackupLog(Path state) {
    this.files = new HomeFiles(state);
    this.file = state.resolve("backup.json");
  }

  public synchronized BackupHealth read() {
    try {
      return HomeFiles.read(file)
          .map(text -> Json.read(text, BackupHealth.class))
          .orElse(BackupHealth.NONE);
    } catch (IllegalArgumentException e) {
      return BackupHealth.NONE;
    } catch (IOException e) {
      throw new UncheckedIOException(file + " can't be read", e);
    }
  }

  /** A service that was killed made a backup: it has failed. */
  public void noteCutOff(Instant now) {
    update(health ->
        health.running() == null
            ? health
            : health.failed(
                new Failed(
                    now,
                    Kind.ENDED,
                    "the service was stopped while it was made; the next backup goes on from"
                        + " there")));
  }

  /** A backup that was due could not begin. */
  public void noteFailure(Instant now, String why) {
    update(health -> health.failed(new Failed(now, Kind.OTHER, why)));
  }

  public void noteProof(Proof proof) {
    update(health -> health.proved(proof));
  }

  synchronized BackupHealth update(UnaryOperator<BackupHealth> change) {
    BackupHealth changed = change.apply(read());
    try {
      files.create();
      files.write(file, Json.write(changed) + "\n");
    } catch (IOException e) {
      throw new UncheckedIOException(file + " can't be written", e);
    }
    return changed;
  }
}
