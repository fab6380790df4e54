package dev.orchestrator.stack;

import dev.orchestrator.backup.Backup;
import dev.orchestrator.backup.BackupException;
import dev.orchestrator.backup.BackupHealth;
import dev.orchestrator.backup.BackupHealth.Done;
import dev.orchestrator.backup.BackupLog;
import dev.orchestrator.backup.BackupRepository;
import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.common.HumanText;
import dev.orchestrator.common.NotYetException;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.data.DataException;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.journal.SnapshotRecord;
import dev.orchestrator.journal.SnapshotRecord.Reason;
import dev.orchestrator.report.BackupOperation;
import dev.orchestrator.report.BackupReport;
import dev.orchestrator.settings.BackupSettings;
import dev.orchestrator.upgrade.UpgradeContext;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The backups of a stack: makes, lists, restores, checks, removes and proves them. One operation at
 * a time, on a thread of its own, beside the stack's runs: what takes long is read from a snapshot,
 * or written to new volumes. Thread-safe.
 *
 * <p>An operation that is cut off leaves nothing that needs a person: the snapshot that was made
 * for a backup is deleted, what was restored in part is removed with the candidates of runs, and
 * the lock in the repository is removed by the next operation.
 */
final class BackupService implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(BackupService.class);

  private static final Duration CLEAN_INTERVAL = Duration.ofSeconds(10);
  private static final Duration BOOT_LIMIT = Duration.ofSeconds(20);
  private static final int REMEMBERED = 20;

  /** After its time a scheduled backup has so long to begin and to end. */
  private static final Duration GRACE = Duration.ofHours(6);

  private final UpgradeContext context;
  private final SnapshotService snapshotService;
  private final BackupEnvironment environment;
  private final Executor threads;
  private final BackupSettings settings;
  private final BackupRepository repository;
  private final BackupLog health;
  private final BackupExecutor executor;
  private final InstantSource clock;
  private final Instant begun;
  private final CountDownLatch closed = new CountDownLatch(1);
  private final CountDownLatch cleaned = new CountDownLatch(1);
  private final Deque<BackupWork> operations = new ArrayDeque<>();
  private volatile boolean booted;
  private int lastNumber;
  private boolean ends;

  /**
   * The backups of a stack; nothing is started.
   *
   * @param control begins the runs that make and restore snapshots
   * @param threads executes operations, each on a thread of its own
   */
  BackupService(
      UpgradeContext context,
      Control control,
      SnapshotService snapshotService,
      BackupEnvironment environment,
      Executor threads) {
    this.context = context;
    this.snapshotService = snapshotService;
    this.environment = environment;
    this.threads = threads;
    this.settings = context.settings().stack().backup();
    this.repository = new BackupRepository(settings, environment.host(), environment.runner());
    this.health = context.backupLog();
    this.clock = context.clock();
    this.executor = new BackupExecutor(context, control, repository);
    this.begun = clock.instant();
  }

  // What is asked

  /** How the backups stand; null where none are configured. */
  BackupReport.@Nullable Health health() {
    if (!settings.configured()) {
      return null;
    }
    Instant now = clock.instant();
    BackupHealth known = health.read();
    Done done = known.done();
    Instant due = due(known);
    BackupWork running = running();
    return new BackupReport.Health(
        settings.repository(),
        known.state(now, due).name().toLowerCase(Locale.ROOT),
        known.text(now, due),
        running == null ? "" : running.id(),
        done == null ? null : done.time(),
        environment.nextRun().apply(now),
        !context.backupRequirement().missing().isEmpty());
  }

  /** By when the next backup must be there; null without a schedule, or where nothing serves. */
  private @Nullable Instant due(BackupHealth known) {
    if (context.journal().serving().isEmpty() || context.journal().down()) {
      return null;
    }
    Done done = known.done();
    Instant next = environment.nextRun().apply(done == null ? begun : done.asOf());
    return next == null ? null : next.plus(GRACE);
  }

  /** All backups in the repository. */
  BackupReport list() {
    BackupReport.Health now = requireConfigured();
    List<BackupReport.Entry> entries =
        refuseOnFailure(() -> repository.list(stack())).stream().map(BackupService::entry).toList();
    return new BackupReport(now, entries);
  }

  private static BackupReport.Entry entry(Backup backup) {
    return new BackupReport.Entry(
        backup.shortId(),
        backup.time(),
        backup.host(),
        backup.tags().version(),
        backup.tags().snapshot());
  }

  private BackupReport.Health requireConfigured() {
    BackupReport.Health now = health();
    if (now == null) {
      throw new RefusedException(
          "stack %s has no backups: set backup.repository and backup.password-file in %s"
              .formatted(stack(), context.settings().stack().folder().resolve("stack.conf")));
    }
    return now;
  }

  /** The operation with an id. */
  synchronized BackupOperation operation(String id) {
    return operations.stream()
        .filter(operation -> operation.id().equals(id))
        .findFirst()
        .orElseThrow(() ->
            new RefusedException(
                "operation %s is not known: the service was restarted, which has ended it; 'orchestrator backup list' tells how the backups stand"
                    .formatted(id)))
        .status();
  }

  private synchronized @Nullable BackupWork running() {
    return operations.stream().filter(BackupWork::isRunning).findFirst().orElse(null);
  }

  private String stack() {
    return context.settings().stack().name();
  }

  // What is begun

  /**
   * Begins an operation; returns its id as soon as it is accepted, empty when there is nothing to
   * do.
   */
  String begin(BackupRequest request) {
    BackupReport.Health now;
    if (request instanceof BackupRequest.Run run && run.ifRequired()) {
      BackupReport.Health found = health();
      if (found == null || !found.upgradeNeedsBackup()) {
        return "";
      }
      now = found;
    } else {
      now = requireConfigured();
    }
    check(request);
    awaitCleaned();
    BackupWork operation;
    synchronized (this) {
      if (ends) {
        throw new NotYetException("the service stops: try again when it runs");
      }
      BackupWork other = running();
      if (other != null) {
        throw new NotYetException(
            "backup %s of stack %s is under way (%s since %s): wait for its end, or 'orchestrator abort'"
                .formatted(
                    other.request().kind(), stack(), other.id(), HumanText.when(other.started())));
      }
      operation =
          new BackupWork("b" + clock.millis() + "-" + ++lastNumber, request, clock.instant());
      operations.addFirst(operation);
      while (operations.size() > REMEMBERED) {
        operations.removeLast();
      }
    }
    log.info("backup {} in {} begins", request.kind(), now.repository());
    threads.execute(() -> execute(operation));
    return operation.id();
  }

  /** Refuses what can be refused at once. */
  private void check(BackupRequest request) {
    switch (request) {
      case BackupRequest.Run run -> {
        String named = run.snapshot();
        if (named != null) {
          SnapshotRecord _ = context.snapshots().require(named);
        }
      }
      case BackupRequest.Restore restore -> {
        String folder = restore.folder();
        if (folder != null) {
          BackupExecutor.requireEmpty(Path.of(folder));
        }
      }
      case BackupRequest.Check check -> {
        if (check.percent() < 0 || check.percent() > 100) {
          throw new RefusedException("percent must be a number from 0 to 100");
        }
      }
      case BackupRequest.Forget _, BackupRequest.Prove _ -> {}
    }
  }

  /** Ends the operation that is under way; empty when there is none. */
  Optional<String> abort() {
    BackupWork operation = running();
    if (operation == null) {
      return Optional.empty();
    }
    operation.interrupt();
    return Optional.of(operation.id());
  }

  /** Whether an operation is under way. */
  boolean isBusy() {
    return running() != null;
  }

  // How it is executed

  private void execute(BackupWork operation) {
    operation.beginThread();
    String failure = "";
    boolean refused = false;
    try {
      executor.execute(operation);
    } catch (RefusedException e) {
      refused = true;
      failure = String.valueOf(e.getMessage());
    } catch (BackupException
        | EngineException
        | DataException
        | CapsuleException
        | UncheckedIOException e) {
      failure = String.valueOf(e.getMessage());
    } catch (RuntimeException | Error e) {
      log.error("backup {} failed", operation.request().kind(), e);
      failure = "unexpected: " + e;
    } finally {
      // An abort that came late ends nothing any more.
      boolean _ = operation.endThread();
      finish(operation, refused ? "" : failure);
      operation.end(failure, refused, clock.instant());
      log.info(
          "backup {}: {}",
          operation.request().kind(),
          failure.isEmpty() ? String.join("; ", operation.status().lines()) : failure);
    }
  }

  /** Writes a failure down that is not yet, and removes what was made for a backup. */
  private void finish(BackupWork operation, String failure) {
    try {
      BackupHealth.Failed known = health.read().failed();
      if (operation.request() instanceof BackupRequest.Run
          && !failure.isEmpty()
          && (known == null || known.time().isBefore(operation.started()))) {
        health.noteFailure(clock.instant(), failure);
      }
      clean();
    } catch (RuntimeException e) {
      log.error("after backup {}: {}", operation.request().kind(), e.getMessage(), e);
    }
  }

  // What is cleaned up

  /** Begins to remove what an earlier process has left, in the background. */
  void boot() {
    if (!settings.configured()) {
      return;
    }
    booted = true;
    Thread.ofVirtual().name("backup-boot").start(this::cleanUntilDone);
  }

  private void cleanUntilDone() {
    try {
      boolean left = true;
      do {
        try {
          environment.runner().removeLeftovers();
          health.noteCutOff(clock.instant());
          left = false;
        } catch (BackupException | UncheckedIOException e) {
          log.warn("left by a backup, and can't be removed yet: {}", e.getMessage());
        }
      } while (left && !closed.await(CLEAN_INTERVAL.toMillis(), TimeUnit.MILLISECONDS));
      cleaned.countDown();
      while (!closed.await(CLEAN_INTERVAL.toMillis(), TimeUnit.MILLISECONDS)) {
        if (!isBusy()) {
          clean();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void awaitCleaned() {
    try {
      if (booted && !cleaned.await(BOOT_LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new NotYetException(
            "the engine has not answered since the service started: try again when it does");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new NotYetException("interrupted");
    }
  }

  /**
   * Deletes the snapshots that were made for a backup that has ended. A run that is under way keeps
   * them: the next look deletes them.
   */
  private void clean() {
    for (SnapshotRecord snapshot : context.journal().snapshots()) {
      if (snapshot.reason() != Reason.FOR_BACKUP
          || context.snapshots().isUsed(snapshot.name())
          || context.journal().running().isPresent()) {
        continue;
      }
      try {
        String _ = snapshotService.delete(snapshot.name());
      } catch (NotYetException e) {
        log.debug("{}", e.getMessage());
      } catch (RefusedException | EngineException e) {
        log.warn("snapshot {} stays: {}", snapshot.name(), e.getMessage());
      }
    }
  }

  /** Accepts no more operations, and cuts off the one that is under way. */
  void end() {
    synchronized (this) {
      ends = true;
    }
    BackupWork operation = running();
    if (operation != null) {
      operation.interrupt();
    }
  }

  /** Accepts operations again. */
  synchronized void reopen() {
    ends = false;
  }

  /** Cuts off the operation that is under way, and waits a while for its end. */
  @Override
  public void close() {
    closed.countDown();
    BackupWork operation = running();
    end();
    if (operation != null) {
      operation.awaitEnd(BOOT_LIMIT);
    }
  }

  private static <T> T refuseOnFailure(Supplier<T> question) {
    try {
      return question.get();
    } catch (BackupException e) {
      throw new RefusedException(String.valueOf(e.getMessage()), e);
    }
  }
}
