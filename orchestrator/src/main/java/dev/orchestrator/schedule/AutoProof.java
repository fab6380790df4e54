package dev.orchestrator.schedule;

import dev.orchestrator.common.NotYetException;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.report.SnapshotStatus;
import dev.orchestrator.stack.Control;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Queue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Proves all snapshots at the times of the schedule, one after the other: while another run is
 * under way, the next one waits. A time that comes before all are proven begins anew. Confined to
 * one thread.
 */
final class AutoProof implements ScheduleRunner.Task {
  private static final Logger log = LoggerFactory.getLogger(AutoProof.class);

  private final Control control;
  private final DueTime due;
  private final Queue<String> waiting = new ArrayDeque<>();

  AutoProof(Control control, Schedule schedule, InstantSource clock) {
    this.control = control;
    this.due = new DueTime(schedule, clock);
  }

  @Override
  public Duration pause(Duration most) {
    return due.pause(most);
  }

  /** Begins the proof of the next snapshot, if one is due and no run is under way. */
  @Override
  public void tick() {
    if (due.hasCome()) {
      waiting.clear();
      control.snapshots().stream().map(SnapshotStatus::name).forEach(waiting::add);
      log.info("scheduled proofs: {}", waiting);
    }
    String next = waiting.peek();
    if (next == null || control.status().running() != null) {
      return;
    }
    try {
      log.info("scheduled proof of snapshot {}: {}", next, control.proveSnapshot(next));
      waiting.remove();
    } catch (NotYetException e) {
      log.info("scheduled proof of snapshot {}: later, as {}", next, e.getMessage());
    } catch (RefusedException e) {
      // Such as one that was deleted meanwhile.
      log.info("scheduled proof of snapshot {}: {}", next, e.getMessage());
      waiting.remove();
    }
  }
}
