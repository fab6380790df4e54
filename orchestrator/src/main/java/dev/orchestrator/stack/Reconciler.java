package dev.orchestrator.stack;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.stack.CutOffRuns.CutOff;
import dev.orchestrator.upgrade.FailureText;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks after the stack for as long as the service runs: opens the routes, ends what was cut off,
 * then lets the {@link ServingSupervisor} look every few seconds.
 */
public final class Reconciler implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Reconciler.class);
  private static final Duration LOOK = Duration.ofSeconds(3);

  /** Routes are open by then; who waits in them is released when the engine has answered. */
  private static final Duration ROUTES = Duration.ofSeconds(1);

  private final CutOffRuns boot;
  private final ServingSupervisor keeper;
  private final RunExecutor runner;
  private final CountDownLatch closed = new CountDownLatch(1);
  private final CountDownLatch cleared = new CountDownLatch(1);
  private volatile boolean started;
  private @Nullable CutOff found;
  private boolean swept;
  private String said = "";

  Reconciler(CutOffRuns boot, ServingSupervisor keeper, RunExecutor runner) {
    this.boot = boot;
    this.keeper = keeper;
    this.runner = runner;
  }

  /** Returns when the routes are open; the rest goes on in the background. */
  void start() {
    // Before anybody can begin a run: one that is in the journal now was cut off.
    find();
    started = true;
    CountDownLatch open = new CountDownLatch(1);
    Thread.ofVirtual().name("caretaker").start(() -> care(open));
    try {
      if (!open.await(ROUTES.toMillis(), TimeUnit.MILLISECONDS)) {
        log.warn("the engine is slow to answer: connections wait");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void find() {
    found = boot.cutOff().orElse(null);
  }

  /**
   * A run that begins would meet what an earlier process has left: waits until that is removed.
   *
   * @throws RefusedException when it takes longer than the limit: the engine doesn't answer
   */
  void awaitCleared(Duration limit) {
    try {
      if (started && !cleared.await(limit.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new RefusedException("not yet: the engine did not answer since the service started");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new RefusedException("interrupted", e);
    }
  }

  private void care(CountDownLatch open) {
    openRoutes();
    open.countDown();
    while (!guarded(this::replay)) {
      if (pause()) {
        return;
      }
    }
    while (!pause()) {
      look();
    }
  }

  /**
   * For a test, on its own thread: whether what was cut off is ended; not while the engine is away.
   */
  public boolean replayed() {
    return guarded(() -> {
      if (found == null) {
        find();
      }
      replay();
    });
  }

  /** Removes what belongs to nobody, ends what was cut off, starts what should serve. */
  private void replay() {
    CutOff cut = found;
    if (!swept) {
      boot.removeHelpers();
      boot.removeCandidates(cut == null ? null : cut.run().green);
      swept = true;
      cleared.countDown();
    }
    if (cut == null || goesOnBesideWhatServes(cut)) {
      keeper.look();
    }
    if (cut != null) {
      try {
        runner.run(cut.run(), () -> boot.end(cut));
      } finally {
        // Ended, or further than it was found: a second try begins with what the journal says then.
        find();
      }
    }
  }

  private static boolean goesOnBesideWhatServes(CutOff cut) {
    return cut.run().holds() && !cut.rest().isEmpty();
  }

  public void openRoutes() {
    guarded(boot::openRoutes);
  }

  /** What it does every few seconds. */
  public void look() {
    guarded(keeper::look);
  }

  /** True when it went well; the same failure is told once, not every few seconds. */
  private boolean guarded(Runnable task) {
    try {
      task.run();
      said = "";
      return true;
    } catch (RuntimeException | LinkageError e) {
      String words = FailureText.of(e);
      if (!words.equals(said)) {
        log.error("{}", words);
        said = words;
      }
      return false;
    }
  }

  /** True when it is over. */
  private boolean pause() {
    try {
      return closed.await(LOOK.toMillis(), TimeUnit.MILLISECONDS);
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
