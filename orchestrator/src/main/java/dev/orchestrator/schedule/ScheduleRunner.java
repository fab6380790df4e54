package dev.orchestrator.schedule;

import dev.orchestrator.stack.Control;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The thread that looks at the clock. It looks every second instead of sleeping until the time, as
 * the wall clock may be set and the host may sleep.
 */
public final class ScheduleRunner implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ScheduleRunner.class);
  private static final Duration LOOK = Duration.ofSeconds(1);

  private final CountDownLatch closed = new CountDownLatch(1);

  private ScheduleRunner() {}

  /** Starts it. */
  public static ScheduleRunner start(Control control, Schedule schedule, InstantSource clock) {
    ScheduleRunner runner = new ScheduleRunner();
    AutoUpgrade auto = new AutoUpgrade(control, schedule, clock);
    Thread.ofVirtual().name("schedule").start(() -> runner.run(auto));
    return runner;
  }

  private void run(AutoUpgrade auto) {
    try {
      while (!closed.await(LOOK.toMillis(), TimeUnit.MILLISECONDS)) {
        look(auto);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** One failed look (the engine is away, say) must not end all the others. */
  private static void look(AutoUpgrade auto) {
    try {
      auto.tick();
    } catch (RuntimeException e) {
      log.error("scheduled upgrade: {}", e.getMessage(), e);
    }
  }

  /** What runs runs on. */
  @Override
  public void close() {
    closed.countDown();
  }
}
