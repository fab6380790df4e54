package dev.orchestrator.stack;

import dev.orchestrator.common.Deadline;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.journal.Journal;
import dev.orchestrator.journal.JournalException;
import dev.orchestrator.upgrade.RunControl.CutOffError;
import dev.orchestrator.upgrade.RunLimits;
import dev.orchestrator.upgrade.Saga;
import dev.orchestrator.upgrade.ServingLock;
import dev.orchestrator.upgrade.Step;
import dev.orchestrator.upgrade.UpgradeContext;
import dev.orchestrator.upgrade.UpgradeRun;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Executes runs, one at a time: the journal accepts no second one. Thread-safe. */
final class RunExecutor {
  private static final Logger log = LoggerFactory.getLogger(RunExecutor.class);

  /** A run that has ended is put away in microseconds, on a busy machine in more. */
  private static final Duration END_WAIT = Duration.ofSeconds(10);

  private final Saga saga;
  private final Journal journal;
  private final ServingLock servingLock;
  private final RollbackService rollback;
  private final Executor threads;
  private final RunLimits limits;
  private final String stack;

  private @Nullable UpgradeRun current;

  /** Runs whose thread has not ended; a rollback and its fall-back count as one. */
  private int activeRuns;

  private boolean closed;

  RunExecutor(UpgradeContext context, RollbackService rollback, Executor threads) {
    this.saga = new Saga(context);
    this.journal = context.journal();
    this.servingLock = context.servingLock();
    this.rollback = rollback;
    this.threads = threads;
    this.limits = context.runLimits();
    this.stack = context.settings().stack().name();
  }

  /** The run that is under way in this process, or null. */
  synchronized @Nullable UpgradeRun current() {
    return current;
  }

  /**
   * Whether a run is under way or about to be followed by its fall-back, which the journal may not
   * have yet.
   */
  synchronized boolean isBusy() {
    return activeRuns > 0;
  }

  /**
   * Begins a run and executes it on a thread of its own.
   *
   * @param begin writes the beginning to the journal, which refuses a second run
   * @return the run's id
   */
  String start(Supplier<UpgradeRun> begin) {
    UpgradeRun run;
    synchronized (this) {
      awaitLastEnd();
      if (activeRuns > 0 && journal.running().isEmpty()) {
        throw new RefusedException(
            "a run has just ended, and another is about to follow it: see 'orchestrator status'");
      }
      run = begin.get();
      admit(run);
    }
    threads.execute(() -> runToEnd(run, () -> saga.execute(run, run.steps)));
    return run.id();
  }

  /**
   * Waits for a run that has ended in the journal, which everybody sees a moment before this
   * process has put it away; or until it is followed by its fall-back.
   */
  synchronized void awaitLastEnd() {
    Deadline deadline = Deadline.in(END_WAIT);
    try {
      while (activeRuns > 0 && journal.running().isEmpty() && !deadline.passed()) {
        wait(Math.max(1, deadline.remaining().toMillis()));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Undoes a run that was cut off, on this thread. */
  void undoCutOff(UpgradeRun run, String why) {
    runOnThisThread(run, () -> saga.undoCutOff(run, why));
  }

  /** Goes on with a run that was cut off, on this thread. */
  void resumeCutOff(UpgradeRun run, List<Step> rest) {
    runOnThisThread(run, () -> saga.execute(run, rest));
  }

  private void runOnThisThread(UpgradeRun run, Runnable work) {
    admit(run);
    runToEnd(run, work);
  }

  private synchronized void admit(UpgradeRun run) {
    activeRuns++;
    current = run;
    if (closed) {
      run.control.cutOff();
    }
  }

  private synchronized void release() {
    activeRuns--;
    current = null;
    notifyAll();
  }

  private void runToEnd(UpgradeRun run, Runnable work) {
    try {
      execute(run, work);
      runFallBack(run);
    } catch (CutOffError e) {
      log.info("{} was cut off: {}", run.id(), e.getMessage());
    } finally {
      limits.release(stack);
      release();
    }
  }

  /** Runs the fall-back of a rollback whose version was not healthy with the newer data. */
  private void runFallBack(UpgradeRun run) {
    Optional<UpgradeRun> begun;
    try {
      begun = rollback.beginFallBack(run);
    } catch (JournalException | RefusedException e) {
      log.error("{}: its fall-back did not begin: {}", run.id(), e.getMessage());
      return;
    }
    begun.ifPresent(fallBack -> {
      synchronized (this) {
        current = fallBack;
        notifyAll();
      }
      execute(fallBack, () -> saga.execute(fallBack, fallBack.steps));
    });
  }

  private void execute(UpgradeRun run, Runnable work) {
    try {
      if (run.bringsUp()) {
        // Nothing serves, so that the run owns the capsule that it brings up from the beginning.
        boolean _ = servingLock.acquire();
      }
      work.run();
    } finally {
      servingLock.release();
    }
  }

  /**
   * Cuts off the run that is under way, as a kill of the process would, and waits for its thread,
   * so that the caller may close what the thread uses.
   *
   * @param limit of the wait
   * @return false when the thread did not end in time
   */
  synchronized boolean close(Duration limit) {
    closed = true;
    if (current != null) {
      current.control.cutOff();
    }
    Deadline deadline = Deadline.in(limit);
    try {
      while (activeRuns > 0 && !deadline.passed()) {
        wait(Math.max(1, deadline.remaining().toMillis()));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return activeRuns == 0;
  }
}
