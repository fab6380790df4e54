package dev.orchestrator.stack;

import dev.orchestrator.backup.Backup;
import dev.orchestrator.report.BackupOperation;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** An operation on the backups, from its begin on. Thread-safe. */
final class BackupWork {
  private static final Logger log = LoggerFactory.getLogger(BackupWork.class);
  private static final int MOST_LINES = 200;

  private final String id;
  private final BackupRequest request;
  private final Instant started;
  private final List<String> lines = new ArrayList<>();
  private final CountDownLatch over = new CountDownLatch(1);
  private @Nullable Instant ended;
  private String progress = "";
  private String run = "";
  private String failure = "";
  private boolean refused;
  private String backup = "";
  private List<String> removed = List.of();
  private @Nullable Thread thread;
  private boolean interrupted;

  BackupWork(String id, BackupRequest request, Instant started) {
    this.id = id;
    this.request = request;
    this.started = started;
  }

  String id() {
    return id;
  }

  BackupRequest request() {
    return request;
  }

  Instant started() {
    return started;
  }

  synchronized boolean isRunning() {
    return ended == null;
  }

  synchronized void say(String line) {
    if (lines.size() < MOST_LINES) {
      lines.add(line);
    }
    progress = "";
  }

  synchronized void progress(String text) {
    progress = text;
  }

  synchronized void run(String of) {
    run = of;
  }

  synchronized void backup(String of) {
    backup = Backup.shortId(of);
  }

  synchronized void removed(List<String> ids) {
    removed = List.copyOf(ids);
  }

  synchronized void interrupt() {
    interrupted = true;
    if (thread != null) {
      thread.interrupt();
    }
  }

  synchronized void beginThread() {
    thread = Thread.currentThread();
    if (interrupted) {
      thread.interrupt();
    }
  }

  /** What comes after this on the thread is not interrupted; whether it was. */
  synchronized boolean endThread() {
    thread = null;
    return Thread.interrupted();
  }

  synchronized void end(String why, boolean wasRefused, Instant at) {
    failure = why;
    refused = wasRefused;
    progress = "";
    ended = at;
    over.countDown();
  }

  void awaitEnd(Duration limit) {
    try {
      if (!over.await(limit.toMillis(), TimeUnit.MILLISECONDS)) {
        log.warn("backup {} did not end in time", request.kind());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  synchronized BackupOperation status() {
    return new BackupOperation(
        id,
        request.kind(),
        ended == null ? "running" : failure.isEmpty() ? "done" : "failed",
        started,
        ended,
        progress,
        run,
        lines,
        failure,
        refused,
        backup,
        removed);
  }
}
