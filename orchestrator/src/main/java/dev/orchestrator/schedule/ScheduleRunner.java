package dev.orchestrator.schedule;

import dev.orchestrator.stack.BackupRequest;
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

  /**
   * The schedules of a stack.
   *
   * @param proofs of snapshots
   * @param prunes of snapshots that have become too old
   * @param backupProofs of the newest backup
   */
  public record Times(
      Schedule upgrades,
      Schedule snapshots,
      Schedule proofs,
      Schedule prunes,
      Schedule backups,
      Schedule backupProofs) {}

  /** Starts a thread for each schedule that has a time. */
  public static ScheduleRunner start(Control control, Times times, InstantSource clock) {
    ScheduleRunner runner = new ScheduleRunner();
    if (isEver(times.upgrades(), clock)) {
      runner.start("schedule", new AutoUpgrade(control, times.upgrades(), clock));
    }
    if (isEver(times.snapshots(), clock)) {
      runner.start("snapshots", new AutoSnapshot(control, times.snapshots(), clock));
    }
    if (isEver(times.backups(), clock)) {
      runner.start(
          "backups", new AutoBackup(control, BackupRequest.Run.NOW, times.backups(), clock));
    }
    if (isEver(times.proofs(), clock)) {
      runner.start("proofs", new AutoProof(control, times.proofs(), clock));
    }
    if (isEver(times.prunes(), clock)) {
      runner.start("prunes", new AutoPrune(control, times.prunes(), clock));
    }
    if (isEver(times.backupProofs(), clock)) {
      runner.start(
          "backup-proofs",
          new AutoBackup(
              control, new BackupRequest.Prove(BackupRequest.LATEST), times.backupProofs(), clock));
    }
    return runner;
  }

  private static boolean isEver(Schedule schedule, InstantSource clock) {
    return schedule.nextRun(clock.instant()).isPresent();
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
