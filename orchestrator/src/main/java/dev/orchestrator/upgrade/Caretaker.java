package dev.orchestrator.upgrade;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks after the stack for as long as the service runs: opens the routes, ends what was cut off,
 * then lets the {@link Keeper} look every few seconds.
 */
final class Caretaker implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Caretaker.class);
  private static final Duration LOOK = Duration.ofSeconds(3);

  /** Routes are open by then; who waits in them is released when the engine has answered. */
  private static final Duration ROUTES = Duration.ofSeconds(1);

  private final Boot boot;
  private final Keeper keeper;
  private final Runner runner;
  private final CountDownLatch closed = new CountDownLatch(1);
  private String said = "";

  Caretaker(Boot boot, Keeper keeper, Runner runner) {
    this.boot = boot;
    this.keeper = keeper;
    this.runner = runner;
  }

  /** Returns when the routes are open; the rest goes on in the background. */
  void start() {
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

  private void care(CountDownLatch open) {
    openRoutes();
    open.countDown();
    while (!replayed()) {
      if (pause()) {
        return;
      }
    }
    while (!pause()) {
      look();
    }
  }

  /** Whether what was cut off is ended; not while the engine is away. */
  boolean replayed() {
    return guarded(this::replay);
  }

  /** Ends what was cut off, starts what should serve, removes what belongs to nobody. */
  private void replay() {
    boot.removeHelpers();
    Optional<Boot.CutOff> cut = boot.cutOff();
    if (cut.isEmpty() || goesOnBesideWhatServes(cut.get())) {
      keeper.look();
    }
    cut.ifPresent(found -> runner.run(found.run(), () -> boot.end(found)));
    boot.removeCandidates();
  }

  private static boolean goesOnBesideWhatServes(Boot.CutOff cut) {
    return cut.run().holds() && !cut.rest().isEmpty();
  }

  void openRoutes() {
    guarded(boot::openRoutes);
  }

  /** What it does every few seconds. */
  void look() {
    guarded(keeper::look);
  }

  /** True when it went well; the same failure is told once, not every few seconds. */
  private boolean guarded(Runnable task) {
    try {
      task.run();
      said = "";
      return true;
    } catch (RuntimeException e) {
      String words = Words.of(e);
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
