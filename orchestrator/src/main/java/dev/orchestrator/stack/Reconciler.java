package dev.orchestrator.stack;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.stack.CutOffRuns.CutOff;
import dev.orchestrator.upgrade.FailureText;
import dev.orchestrator.upgrade.RunControl.CutOffError;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The loop that brings the engine to what the journal says, for as long as the service runs: opens
 * the routes, ends the run that was cut off, then has the {@link ServingSupervisor} look every few
 * seconds.
 */
public final class Reconciler implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Reconciler.class);
  private static final Duration INTERVAL = Duration.ofSeconds(3);

  /** Routes are open by then; who waits in them is released when the engine has answered. */
  private static final Duration ROUTES_OPEN_TIMEOUT = Duration.ofSeconds(1);

  private final CutOffRuns cutOffRuns;
  private final ServingSupervisor supervisor;
  private final CountDownLatch closed = new CountDownLatch(1);
  private final CountDownLatch leftoversCleared = new CountDownLatch(1);
  private volatile boolean started;
  private @Nullable CutOff cutOff;
  private boolean leftoversRemoved;
  private String lastFailure = "";

  Reconciler(CutOffRuns cutOffRuns, ServingSupervisor supervisor) {
    this.cutOffRuns = cutOffRuns;
    this.supervisor = supervisor;
  }

  /** Returns when the routes are open; the rest goes on in the background. */
  void start() {
    // Before anybody can begin a run: one that is in the journal now was cut off.
    findCutOff();
    started = true;
    CountDownLatch open = new CountDownLatch(1);
    Thread.ofVirtual().name("reconciler").start(() -> reconcile(open));
    try {
      if (!open.await(ROUTES_OPEN_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)) {
        log.warn("the engine is slow to answer: connections wait");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void findCutOff() {
    cutOff = cutOffRuns.cutOff().orElse(null);
  }

  /**
   * Waits until the leftovers of an earlier process are removed: a run that begins would meet them.
   *
   * @throws RefusedException when that takes longer than the limit: the engine doesn't answer
   */
  void awaitCleared(Duration limit) {
    try {
      if (started && !leftoversCleared.await(limit.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new RefusedException("not yet: the engine did not answer since the service started");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new RefusedException("interrupted", e);
    }
  }

  private void reconcile(CountDownLatch open) {
    try {
      openRoutes();
      open.countDown();
      while (!tryTask(this::replay)) {
        if (pause()) {
          return;
        }
      }
      while (!pause()) {
        superviseOnce();
      }
    } catch (CutOffError e) {
      log.info("{}", e.getMessage());
    }
  }

  /**
   * For a test, on its own thread: whether the run that was cut off has ended; not while the engine
   * is away.
   */
  public boolean replayToEnd() {
    return tryTask(() -> {
      if (cutOff == null) {
        findCutOff();
      }
      replay();
    });
  }

  /** Removes what belongs to nobody, ends the run that was cut off, starts what should serve. */
  private void replay() {
    CutOff pending = cutOff;
    if (!leftoversRemoved) {
      cutOffRuns.removeHelpers();
      cutOffRuns.removeCandidates(pending == null ? null : pending.run().green);
      leftoversRemoved = true;
      leftoversCleared.countDown();
    }
    if (pending == null || pending.goesOnBesideServing()) {
      supervisor.superviseOnce();
    }
    if (pending != null) {
      try {
        cutOffRuns.finish(pending);
      } finally {
        // Ended, or further than it was found: a second try begins with what the journal says then.
        findCutOff();
      }
    }
  }

  public void openRoutes() {
    boolean _ = tryTask(cutOffRuns::openRoutes);
  }

  /** What it does every few seconds. */
  public void superviseOnce() {
    boolean _ = tryTask(supervisor::superviseOnce);
  }

  /** False when it has failed; the same failure is logged once, not every few seconds. */
  private boolean tryTask(Runnable task) {
    try {
      task.run();
      lastFailure = "";
      return true;
    } catch (RuntimeException | LinkageError e) {
      String failure = FailureText.of(e);
      if (!failure.equals(lastFailure)) {
        log.error("{}", failure);
        lastFailure = failure;
      }
      return false;
    }
  }

  /** True when the service stops. */
  private boolean pause() {
    try {
      return closed.await(INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return true;
    }
  }

  @Override
  public void close() {
    closed.countDown();
  }
}
