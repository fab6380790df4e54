package dev.orchestrator.upgrade;

import dev.orchestrator.common.RefusedException;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Control of a run that is under way, from other threads: abort it, cut it off, see why its undo is
 * stuck. Thread-safe; {@link #runAction}, {@link #runUndo} and {@link #pause} are for the run's own
 * thread.
 */
public final class RunControl {

  /** The run was aborted by {@code orchestrator abort}. */
  static final class AbortedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    AbortedException(@Nullable Throwable cause) {
      super("aborted by hand", cause);
    }
  }

  /**
   * The service stops in the middle of a run. An error, so that no handler in the saga catches it:
   * the journal is left as by a kill of the process, and the next start ends the run.
   */
  public static final class CutOffError extends Error {
    private static final long serialVersionUID = 1L;

    CutOffError() {
      super("the service stops: its next start ends the run");
    }
  }

  /** An undo that keeps failing: the step and the last failure. */
  public record Stuck(Step step, String why) {}

  private final Semaphore retries = new Semaphore(0);
  private @Nullable Thread acting;
  private boolean aborted;
  private boolean cutOff;
  private boolean undoing;
  private boolean abandoned;
  private @Nullable Stuck stuck;
  private @Nullable Step currentStep;

  /** Runs a step's action; {@link #abort} and {@link #cutOff} interrupt it. */
  <T> T runAction(Step step, Supplier<T> action) {
    synchronized (this) {
      currentStep = step;
      if (aborted) {
        throw new AbortedException(null);
      }
    }
    try {
      return interruptibly(action);
    } catch (RuntimeException e) {
      throw isAborted() ? new AbortedException(e) : e;
    }
  }

  /** Runs the undo of a step; only {@link #cutOff} interrupts it. */
  <T> T runUndo(Supplier<T> action) {
    synchronized (this) {
      undoing = true;
    }
    return interruptibly(action);
  }

  private <T> T interruptibly(Supplier<T> action) {
    synchronized (this) {
      requireNotCutOff();
      acting = Thread.currentThread();
    }
    try {
      return action.get();
    } catch (RuntimeException e) {
      requireNotCutOff();
      throw e;
    } finally {
      clearInterrupt();
    }
  }

  /** Clears an interrupt that was meant for the action, so that it does not hit the undo. */
  private synchronized void clearInterrupt() {
    acting = null;
    if (Thread.interrupted()) {
      retries.drainPermits();
    }
  }

  /**
   * Aborts the run at its next action, or leaves a stuck undo as it is.
   *
   * @throws RefusedException when the run is being undone already, or its step can't be aborted
   */
  public synchronized void abort(String run) {
    if (stuck != null) {
      abandoned = true;
      retries.release();
      return;
    }
    if (undoing || aborted) {
      throw new RefusedException(run + " is being undone already: 'orchestrator watch' shows it");
    }
    if (currentStep != null) {
      currentStep
          .abortRefusal()
          .ifPresent(why -> {
            throw new RefusedException(run + " " + why);
          });
    }
    aborted = true;
    if (acting != null) {
      acting.interrupt();
    }
  }

  synchronized boolean isAborted() {
    return aborted;
  }

  /**
   * Ends the run's thread as a kill of the process would: the journal gets no further line of it.
   */
  public synchronized void cutOff() {
    cutOff = true;
    if (acting != null) {
      acting.interrupt();
    }
    retries.release();
  }

  /**
   * Called before each line of the journal and each action.
   *
   * @throws CutOffError when the service stops
   */
  synchronized void requireNotCutOff() {
    if (cutOff) {
      throw new CutOffError();
    }
  }

  synchronized void setUndoing() {
    undoing = true;
  }

  synchronized void setStuck(@Nullable Stuck why) {
    stuck = why;
  }

  public synchronized @Nullable Stuck stuck() {
    return stuck;
  }

  /** Whether a person has asked to leave a stuck undo as it is; resets that request. */
  synchronized boolean takeAbandoned() {
    boolean wasAbandoned = abandoned;
    abandoned = false;
    if (wasAbandoned) {
      stuck = null;
    }
    return wasAbandoned;
  }

  /** Waits for at most that long, or until {@link #retryNow}. */
  void pause(Duration atMost) {
    try {
      if (retries.tryAcquire(atMost.toNanos(), TimeUnit.NANOSECONDS)) {
        retries.drainPermits();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    requireNotCutOff();
  }

  /** Has a stuck undo repeated at once. */
  public void retryNow() {
    retries.release();
  }
}
