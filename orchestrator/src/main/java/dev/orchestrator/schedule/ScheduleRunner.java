package dev.orchestrator.schedule;

import dev.orchestrator.stack.Control;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The thread of the schedule; none where nothing is scheduled. It compares the clock with the
 * schedule every ten seconds, and when a time is due, instead of sleeping until then: the wall
 * clock may be set and the host may be suspended.
 */
public final class ScheduleRunner implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ScheduleRunner.class);
  private static final Duration PERIOD = Duration.ofSeconds(10);

  private final CountDownLatch closed = new CountDownLatch(1);

  private ScheduleRunner() {}

  /** Starts the thread. */
  public static ScheduleRunner start(Control control, Schedule schedule, InstantSource clock) {
    ScheduleRunner runner = new ScheduleRunner();
    if (schedule.nextRun(clock.instant()).isPresent()) {
      AutoUpgrade auto = new AutoUpgrade(control, schedule, clock);
      Thread.ofVirtual().name("schedule").start(() -> runner.run(auto));
    }
    return runner;
  }

  private void run(AutoUpgrade auto) {
    try {
      while (!closed.await(auto.pause(PERIOD).toMillis(), TimeUnit.MILLISECONDS)) {
        tick(auto);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** A failure, such as an engine that does not answer, must not end the schedule. */
  private static void tick(AutoUpgrade auto) {
    try {
      auto.tick();
    } catch (RuntimeException e) {
      log.error("scheduled upgrade: {}", e.getMessage(), e);
    }
  }

  /** Ends the thread; a run that it began goes on. */
  @Override
  public void close() {
    closed.countDown();
  }
}
