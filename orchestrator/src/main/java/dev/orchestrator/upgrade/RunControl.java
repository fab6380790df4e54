package dev.orchestrator.upgrade;

import dev.orchestrator.common.RefusedException;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * How others act on a run that is under way: abort it, cut it off, look at why its undo is stuck.
 * Thread-safe; {@link #runAction}, {@link #runUndo} and {@link #pause} are for the run's own
 * thread.
 */
public final class RunControl {

  /** A run was ended by {@code orchestrator abort}. */
  static final class AbortedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    AbortedException(@Nullable Throwable cause) {
      super("aborted by hand", cause);
    }
  }

  /**
   * The service stops in the middle of a run. An error, so that nothing in the saga handles it: to
   * the journal it is as if the process had been killed, and the next start ends the run.
   */
  public static final class CutOffError extends Error {
    private static final long serialVersionUID = 1L;

    CutOffError() {
      super("the service stops: its next start ends the run");
    }
  }

  /** An undo that fails again and again. */
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

  /** Runs what undoes a step; only {@link #cutOff} interrupts it. */
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

  /** The interrupt was for the action, and must not hit what undoes it. */
  private synchronized void clearInterrupt() {
    acting = null;
    if (Thread.interrupted()) {
      retries.drainPermits();
    }
  }

  /** Ends the run at its next point: before the switch and in the bake that is always possible. */
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

  /** Ends the run's thread as a kill of the process would: nothing more is written of it. */
  public synchronized void cutOff() {
    cutOff = true;
    if (acting != null) {
      acting.interrupt();
    }
    retries.release();
  }

  /**
   * Before each line of the journal and each action.
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

  /** Whether a person has said to leave what is stuck as it is; true once for each time. */
  synchronized boolean takeAbandoned() {
    boolean wasAbandoned = abandoned;
    abandoned = false;
    if (wasAbandoned) {
      stuck = null;
    }
    return wasAbandoned;
  }

  /** Waits for that long, or until {@link #retryNow}. */
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

  /** Has what is stuck tried again at once. */
  public void retryNow() {
    retries.release();
  }
}
