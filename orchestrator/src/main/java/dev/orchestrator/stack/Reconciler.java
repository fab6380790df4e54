package dev.orchestrator.stack;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.stack.CutOffRuns.CutOff;
import dev.orchestrator.upgrade.FailureText;
import dev.orchestrator.upgrade.RunControl.CutOffError;
import dev.orchestrator.upgrade.UpgradeRun;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The loop that keeps the engine in the state that the journal describes, for as long as the
 * service runs: opens the routes, ends the run that was cut off, then has the {@link
 * ServingSupervisor} check the capsule that serves every three seconds; every minute while all is
 * well and the engine tells of none of the stack's containers that it has started or ended, or that
 * somebody has run a command in it.
 */
public final class Reconciler implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Reconciler.class);
  private static final Duration INTERVAL = Duration.ofSeconds(3);

  /** While all is well: a guard against what the engine doesn't tell. */
  private static final Duration CALM_INTERVAL = Duration.ofSeconds(60);

  private static final Duration ELSEWHERE_INTERVAL = Duration.ofSeconds(30);

  /**
   * How long {@link #start} waits for the routes; connections are held until the engine answers.
   */
  private static final Duration ROUTES_OPEN_TIMEOUT = Duration.ofSeconds(1);

  private final CutOffRuns cutOffRuns;
  private final ServingSupervisor supervisor;
  private final ContainerEvents events;
  private final Runnable tidying;
  private final CountDownLatch closed = new CountDownLatch(1);
  private final CountDownLatch leftoversCleared = new CountDownLatch(1);
  private volatile boolean started;
  private @Nullable CutOff cutOff;
  private boolean leftoversRemoved;

  /**
   * What an earlier process has left that can't be removed, and why; empty where that is not so.
   */
  private volatile String leftovers = "";

  private String lastFailure = "";

  /**
   * Starts nothing yet.
   *
   * @param tidying removes what others have left, now and then
   */
  Reconciler(
      CutOffRuns cutOffRuns,
      ServingSupervisor supervisor,
      ContainerEvents events,
      Runnable tidying) {
    this.cutOffRuns = cutOffRuns;
    this.supervisor = supervisor;
    this.events = events;
    this.tidying = tidying;
  }

  /**
   * Starts the loop in the background; returns when the routes are open, after a second at most.
   */
  void start() {
    // Nobody can begin a run yet, so that a run in the journal now was cut off.
    findCutOff();
    started = true;
    CountDownLatch open = new CountDownLatch(1);
    Thread.ofVirtual().name("reconciler").start(() -> reconcile(open));
    // On a thread of its own: a host that does not answer must not delay what is looked after here.
    Thread.ofVirtual().name("left-elsewhere").start(this::clearElsewhere);
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
   * Waits until the leftovers of an earlier process are removed, with which a new run would
   * collide.
   *
   * @throws RefusedException when that takes longer than the limit, with the reason
   */
  void awaitCleared(Duration limit) {
    try {
      boolean mayBeLeft = started || !leftovers.isEmpty();
      if (mayBeLeft && !leftoversCleared.await(limit.toMillis(), TimeUnit.MILLISECONDS)) {
        String left = leftovers;
        throw new RefusedException(
            left.isEmpty()
                ? "the engine has not answered since the service started: try again when it does"
                : "what an earlier process has left can't be removed, which is tried every "
                    + INTERVAL.toSeconds()
                    + " s: "
                    + left);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new RefusedException("interrupted", e);
    }
  }

  private void reconcile(CountDownLatch open) {
    try {
      openRoutes();
      boolean _ = tryTask(cutOffRuns::findHelpers);
      open.countDown();
      while (!isReplayed()) {
        if (pause()) {
          return;
        }
      }
      tidyUp();
      while (!pause()) {
        superviseOnce();
        tidyUp();
      }
    } catch (CutOffError e) {
      log.info("{}", e.getMessage());
    }
  }

  /**
   * Ends the run that was cut off, on the caller's thread; for tests. False when the engine does
   * not answer, or does not remove a leftover.
   */
  public boolean replayToEnd() {
    if (cutOff == null) {
      boolean _ = tryTask(this::findCutOff);
    }
    return isReplayed();
  }

  /** Tries to {@link #replay}; false when that is to be repeated. */
  private boolean isReplayed() {
    return tryTask(this::replay) && leftoversRemoved;
  }

  /**
   * Starts the capsule that should serve, unless a run that was cut off owns it; then removes
   * leftovers, and ends that run. Whatever can't be removed does not keep clients from being
   * served.
   */
  private void replay() {
    cutOffRuns.findHelpers();
    CutOff pending = cutOff;
    if (pending == null) {
      superviseOnce();
    } else if (cutOffRuns.leavesServingAlone(pending)) {
      if (pending.isUndone()) {
        superviseOnce(); // An undo is due whatever hinders what serves.
      } else {
        supervisor.superviseOnce();
      }
    }
    boolean helpersRemoved = removeLeftovers(pending);
    // A helper that still copies would write to the volumes of a run that goes on.
    if (pending != null && (helpersRemoved || pending.isUndone())) {
      UpgradeRun run = pending.run();
      run.betweenUndoTries = () -> superviseBeside(run);
      try {
        cutOffRuns.finish(pending);
      } finally {
        // The run has ended or advanced: a second attempt begins from the journal's new state.
        findCutOff();
      }
    }
  }

  /** Supervises between two tries of an undo on this thread, which may be stuck for long. */
  private void superviseBeside(UpgradeRun run) {
    boolean _ =
        tryTask(() -> {
          if (cutOffRuns.leavesServingAlone(run)) {
            supervisor.superviseOnce();
          }
        });
  }

  /** Removes what an earlier process has left; false when a helper of its copies is still there. */
  private boolean removeLeftovers(@Nullable CutOff pending) {
    if (leftoversRemoved) {
      return true;
    }
    List<String> problems = new ArrayList<>(cutOffRuns.removeHelpers());
    boolean helpersRemoved = problems.isEmpty();
    problems.addAll(cutOffRuns.removeCandidates(pending == null ? null : pending.run().green));
    String left = String.join("; ", problems);
    if (left.isEmpty()) {
      leftoversRemoved = true;
      leftoversCleared.countDown();
    } else if (!left.equals(leftovers)) {
      log.warn("left by an earlier process, and can't be removed: {}", left);
    }
    leftovers = left;
    return helpersRemoved;
  }

  /** What can't be removed now is tried again. */
  private void tidyUp() {
    try {
      tidying.run();
    } catch (RuntimeException e) {
      log.warn("{}", FailureText.of(e));
    }
  }

  /** Opens the routes; a failure is logged. */
  public void openRoutes() {
    boolean _ = tryTask(cutOffRuns::openRoutes);
  }

  /** Checks the capsule that serves, as the loop does; a failure is logged. */
  public void superviseOnce() {
    if (events.takeCommands()) {
      supervisor.distrust();
    }
    boolean _ = tryTask(supervisor::superviseOnce);
  }

  private void clearElsewhere() {
    try {
      do {
        removeLeftElsewhere();
      } while (!closed.await(ELSEWHERE_INTERVAL.toMillis(), TimeUnit.MILLISECONDS));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Removes what moves have left on hosts that did not answer then, and do by now, as the service
   * does every half minute; a failure is logged.
   */
  public void removeLeftElsewhere() {
    try {
      cutOffRuns.removeLeftElsewhere();
    } catch (RuntimeException | LinkageError e) {
      log.error("what is left on other hosts: {}", FailureText.of(e));
    }
  }

  /** Runs a task; false when it failed. A failure that repeats is logged once. */
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

  /**
   * Waits until the next look is due; true when the service stops. What the engine tells is looked
   * at in the same rhythm as where it tells nothing: an engine that is being stopped ends its
   * containers, too, and would accept to start one that it then cuts off.
   */
  private boolean pause() {
    events.ensureOpen();
    try {
      Duration waited = Duration.ZERO;
      do {
        if (closed.await(INTERVAL.toMillis(), TimeUnit.MILLISECONDS)) {
          return true;
        }
        waited = waited.plus(INTERVAL);
      } while (!events.takeTold() && isCalm() && waited.compareTo(CALM_INTERVAL) < 0);
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return true;
    }
  }

  /** Whether a look would find what the last one did, as far as can be told without asking. */
  private boolean isCalm() {
    return events.areTold()
        && supervisor.isCalm()
        && leftoversRemoved
        && !supervisor.doClientsFail();
  }

  @Override
  public void close() {
    closed.countDown();
    events.close();
  }
}
