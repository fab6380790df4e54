package dev.orchestrator.backup;

import dev.orchestrator.backup.BackupException.Kind;
import dev.orchestrator.backup.BackupHealth.Done;
import dev.orchestrator.backup.BackupHealth.Failed;
import dev.orchestrator.common.Deadline;
import dev.orchestrator.settings.BackupSettings;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * One backup of a stack from begin to end: the repository is made when it is the first one, what
 * the policy does not keep is removed, and the log tells how it went. One at a time for each stack.
 */
public final class BackupJob {
  private final BackupSettings settings;
  private final BackupRepository repository;
  private final BackupLog log;
  private final InstantSource clock;

  public BackupJob(
      BackupSettings settings, BackupRepository repository, BackupLog log, InstantSource clock) {
    this.settings = settings;
    this.repository = repository;
    this.log = log;
    this.clock = clock;
  }

  /**
   * Makes a backup; returns what it has done.
   *
   * @param source a snapshot, to which nobody writes
   * @param tags which snapshot of which version it is
   * @param asOf the moment that the data is of
   * @param lacks what a person should know that is not in it; or empty
   */
  public Done run(
      BackupSource source,
      BackupTags tags,
      Instant asOf,
      String lacks,
      Duration deadline,
      Consumer<BackupProgress> progress) {
    Deadline end = Deadline.in(deadline);
    BackupHealth before = log.read();
    Instant begin = clock.instant();
    log.update(health -> health.begun(begin));
    try {
      requireRepository(before.done() == null);
      BackupSummary summary =
          repository.backup(
              source,
              tags,
              before.running() != null || before.failing(),
              end.atMost(deadline),
              progress);
      String note =
          Stream.of(lacks, removeOld(tags.stack(), end.atMost(deadline)))
              .filter(text -> !text.isEmpty())
              .collect(Collectors.joining("; "));
      Instant now = clock.instant();
      Done done =
          new Done(
              now,
              asOf,
              summary.id(),
              tags.snapshot(),
              summary.bytes(),
              summary.added(),
              Duration.between(begin, now).toMillis(),
              note);
      log.update(health -> health.done(done));
      return done;
    } catch (BackupException e) {
      noteFailure(e);
      throw e;
    }
  }

  private void noteFailure(BackupException e) {
    Failed failed = new Failed(clock.instant(), e.kind(), String.valueOf(e.getMessage()));
    log.update(health -> health.failed(failed));
  }

  /**
   * Fails as a backup would where there is no repository for it, before clients wait for a snapshot
   * that can't be sent anywhere.
   */
  public void requireRepository() {
    try {
      requireRepository(log.read().done() == null);
    } catch (BackupException e) {
      noteFailure(e);
      throw e;
    }
  }

  /**
   * Makes the repository when none was ever used. Where there was one, its disk may not be mounted:
   * a new one would look as if all backups were gone, and fill another disk.
   */
  private void requireRepository(boolean first) {
    if (repository.exists()) {
      return;
    }
    if (!first) {
      throw new BackupException(
          Kind.NO_REPOSITORY,
          "%s has no repository any more, and had backups; check that its disk is mounted, or run restic init"
              .formatted(settings.repository()));
    }
    repository.init();
  }

  /** The backup is made: that older ones stay is worth a note and no failure. */
  private String removeOld(String stack, Duration deadline) {
    try {
      repository.forget(stack, deadline);
      return "";
    } catch (BackupException e) {
      return String.valueOf(e.getMessage());
    }
  }
}
