package dev.orchestrator.upgrade;

import dev.orchestrator.common.RefusedException;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** How others act on a run that is under way: abort it, look at why it is stuck. Thread-safe. */
public final class RunControl {

  /** A run was ended by {@code orchestrator abort}. */
  static final class Aborted extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Aborted(@Nullable Throwable cause) {
      super("aborted by hand", cause);
    }
  }

  /** An undo that fails again and again. */
  public record Stuck(Step step, String why) {}

  private final Semaphore nudges = new Semaphore(0);
  private @Nullable Thread acting;
  private boolean aborted;
  private boolean undoing;
  private boolean abandoned;
  private @Nullable Stuck stuck;
  private @Nullable Step step;

  /** Runs a step's action, on the run's own thread; {@link #abort} interrupts it. */
  <T> T act(Step now, Supplier<T> action) {
    synchronized (this) {
      step = now;
      if (aborted) {
        throw new Aborted(null);
      }
      acting = Thread.currentThread();
    }
    try {
      return action.get();
    } catch (RuntimeException e) {
      throw aborted() ? new Aborted(e) : e;
    } finally {
      settle();
    }
  }

  /** The interrupt was for the action, and must not hit what undoes it. */
  private synchronized void settle() {
    acting = null;
    if (Thread.interrupted()) {
      nudges.drainPermits();
    }
  }

  /** Ends the run at its next point; nothing to be said against it before and in the bake. */
  public synchronized void abort(String run) {
    if (stuck != null) {
      abandoned = true;
      nudges.release();
      return;
    }
    if (undoing || aborted) {
      throw new RefusedException(run + " is being undone already: 'orchestrator watch' shows it");
    }
    if (step == Step.RETAIN) {
      throw new RefusedException(
          run
              + " has switched and is putting the old version away: 'orchestrator rollback' goes"
              + " back");
    }
    aborted = true;
    if (acting != null) {
      acting.interrupt();
    }
  }

  synchronized boolean aborted() {
    return aborted;
  }

  synchronized void undoing() {
    undoing = true;
  }

  public synchronized void stuck(@Nullable Stuck why) {
    stuck = why;
  }

  public synchronized @Nullable Stuck stuck() {
    return stuck;
  }

  /** Whether a person has said to leave what is stuck as it is; once for each time. */
  synchronized boolean abandoned() {
    boolean said = abandoned;
    abandoned = false;
    if (said) {
      stuck = null;
    }
    return said;
  }

  /** Waits, or until somebody says that it is worth trying again. */
  void nap(Duration atMost) {
    try {
      if (nudges.tryAcquire(atMost.toNanos(), TimeUnit.NANOSECONDS)) {
        nudges.drainPermits();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Tries again at once. */
  public void nudge() {
    nudges.release();
  }
}
