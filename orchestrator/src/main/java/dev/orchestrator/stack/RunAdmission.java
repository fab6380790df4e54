package dev.orchestrator.stack;

import dev.orchestrator.common.NotYetException;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.journal.Journal;
import dev.orchestrator.upgrade.ServingLock;
import dev.orchestrator.upgrade.UpgradeRun;
import java.time.Duration;

/**
 * Decides whether this process may begin a run now. It may not while its predecessor still has
 * connections, while a successor takes over, or while it stops. Thread-safe.
 */
final class RunAdmission {
  private static final Duration WAIT_LIMIT = Duration.ofSeconds(20);
  private static final Duration HANDOVER_WAIT = Duration.ofSeconds(3);
  private static final String BEING_STARTED =
      "the capsule that serves is being started, or the engine does not answer: try again";
  private static final String RUN_UNDER_WAY =
      "a run is under way: wait for its end ('orchestrator watch')";

  private final Journal journal;
  private final ServingLock servingLock;
  private final Reconciler reconciler;
  private final RunExecutor executor;
  private final HandoverPort handover;

  /** Why no run is admitted; empty when runs are. */
  private volatile String closedFor = "";

  private volatile boolean closed;

  RunAdmission(
      Journal journal,
      ServingLock servingLock,
      Reconciler reconciler,
      RunExecutor executor,
      HandoverPort handover) {
    this.journal = journal;
    this.servingLock = servingLock;
    this.reconciler = reconciler;
    this.executor = executor;
    this.handover = handover;
  }

  /**
   * Requires that a run may begin now; waits until the leftovers of an earlier process are removed.
   *
   * @throws RefusedException when this process may not begin a run now
   */
  void requireAdmission() {
    requireRunning();
    reconciler.awaitCleared(WAIT_LIMIT);
    requireOpen();
  }

  private void requireRunning() {
    if (closed) {
      throw new NotYetException("the service stops: try again when it runs");
    }
  }

  private void requireOpen() {
    requireRunning();
    String why = closedFor;
    if (!why.isEmpty()) {
      throw new NotYetException(why);
    }
    if (!handover.hasPredecessorLeft()) {
      throw new NotYetException(
          "the process that served before still drains its connections: try again later"
              + " (takeover.drain bounds that)");
    }
  }

  /**
   * Admits no run from now on. What an earlier process has left need not be removed for that: who
   * comes next removes it.
   *
   * @param why the refusal of those who ask for one
   * @throws RefusedException when a run is under way
   */
  void closeFor(String why) {
    requireOpen();
    executor.awaitLastEnd();
    if (executor.isBusy()) {
      throw new RefusedException(RUN_UNDER_WAY);
    }
    if (!servingLock.acquire(WAIT_LIMIT)) {
      throw new RefusedException(executor.isBusy() ? RUN_UNDER_WAY : BEING_STARTED);
    }
    try {
      // Set before the check, so that a run that begins meanwhile either sees it or is seen.
      closedFor = why;
      if (executor.isBusy() || journal.running().isPresent()) {
        throw new RefusedException(RUN_UNDER_WAY);
      }
    } catch (RuntimeException e) {
      closedFor = "";
      throw e;
    } finally {
      servingLock.release();
    }
  }

  /**
   * Admits no run from now on, as another process takes all stacks over. A stack in trouble must
   * not keep the others from that: one whose capsule is being started, or whose run waits for the
   * engine or for a person, is handed over as a restart would do it.
   *
   * @param why the refusal of those who ask for a run
   * @throws RefusedException when a run is under way that makes progress
   */
  void closeForHandover(String why) {
    requireOpen();
    requireNoProgress();
    // What holds the lock for a moment, such as a look at the capsule, is waited for.
    boolean _ = servingLock.acquire(HANDOVER_WAIT);
    try {
      closedFor = why;
      requireNoProgress();
    } catch (RuntimeException e) {
      closedFor = "";
      throw e;
    } finally {
      servingLock.release();
    }
  }

  private void requireNoProgress() {
    UpgradeRun run = executor.current();
    if (executor.isBusy() && (run == null || run.control.stuck() == null)) {
      throw new RefusedException(RUN_UNDER_WAY);
    }
  }

  /** Admits runs again. */
  void open() {
    closedFor = "";
  }

  /** Refuses all further runs, because the service stops. */
  void close() {
    closed = true;
  }
}
