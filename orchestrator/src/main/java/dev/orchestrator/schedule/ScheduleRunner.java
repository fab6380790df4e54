package dev.orchestrator.schedule;

import dev.orchestrator.stack.Control;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The threads of the schedules; none where nothing is scheduled. Each compares the clock with its
 * schedule every ten seconds, and when a time is due, instead of sleeping until then: the wall
 * clock may be set and the host may be suspended.
 */
public final class ScheduleRunner implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ScheduleRunner.class);
  private static final Duration PERIOD = Duration.ofSeconds(10);

  private final CountDownLatch closed = new CountDownLatch(1);

  private ScheduleRunner() {}

  /** What is done at the times of a schedule. */
  interface Task {
    /** How long to wait before the next {@link #tick}: until a time is due, that long at most. */
    Duration pause(Duration most);

    /** Does it if a time has come. */
    void tick();
  }

  /** Starts the threads of upgrades and of snapshots. */
  public static ScheduleRunner start(
      Control control, Schedule upgrades, Schedule snapshots, InstantSource clock) {
    ScheduleRunner runner = new ScheduleRunner();
    if (upgrades.nextRun(clock.instant()).isPresent()) {
      runner.start("schedule", new AutoUpgrade(control, upgrades, clock));
    }
    if (snapshots.nextRun(clock.instant()).isPresent()) {
      runner.start("snapshots", new AutoSnapshot(control, snapshots, clock));
    }
    return runner;
  }

  private void start(String name, Task task) {
    Thread.ofVirtual().name(name).start(() -> run(task));
  }

  private void run(Task task) {
    try {
      while (!closed.await(task.pause(PERIOD).toMillis(), TimeUnit.MILLISECONDS)) {
        tick(task);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** A failure, such as an engine that does not answer, must not end the schedule. */
  private static void tick(Task task) {
    try {
      task.tick();
    } catch (RuntimeException e) {
      log.error("{}: {}", task.getClass().getSimpleName(), e.getMessage(), e);
    }
  }

  /** Ends the threads; a run that it began goes on. */
  @Override
  public void close() {
    closed.countDown();
  }
}
