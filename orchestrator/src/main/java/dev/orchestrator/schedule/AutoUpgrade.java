package dev.orchestrator.schedule;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.release.Releases;
import dev.orchestrator.report.Status;
import dev.orchestrator.report.VersionStatus;
import dev.orchestrator.stack.Control;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Upgrades to the newest version when its time has come. A version in quarantine is passed over,
 * and so is the time itself while something else runs or nothing serves: the next one will do.
 * Confined to one thread.
 */
final class AutoUpgrade {
  private static final Logger log = LoggerFactory.getLogger(AutoUpgrade.class);

  private final Control control;
  private final Schedule schedule;
  private final InstantSource clock;
  private Instant looked;
  private @Nullable Instant due;

  AutoUpgrade(Control control, Schedule schedule, InstantSource clock) {
    this.control = control;
    this.schedule = schedule;
    this.clock = clock;
    this.looked = clock.instant();
    this.due = schedule.nextRun(looked).orElse(null);
  }

  /** Looks at the clock, and acts when the time has come. What is refused is logged, no failure. */
  void tick() {
    Instant now = clock.instant();
    if (now.isBefore(looked)) {
      // The clock was set back: the time that was waited for may be far off now.
      due = schedule.nextRun(now).orElse(null);
    }
    looked = now;
    if (due == null || now.isBefore(due)) {
      return;
    }
    due = schedule.nextRun(now).orElse(null);
    try {
      candidate().ifPresent(this::upgrade);
    } catch (RefusedException e) {
      log.info("scheduled upgrade: {}", e.getMessage());
    }
  }

  private void upgrade(String version) {
    log.info("scheduled upgrade to {}: {}", version, control.upgrade(version));
  }

  private Optional<String> candidate() {
    Status status = control.status();
    Status.Side serving = status.serving();
    if (serving == null || !status.state().equals("serving")) {
      log.info("scheduled upgrade: not now, {} is {}", status.stack(), status.state());
      return Optional.empty();
    }
    List<VersionStatus> newer =
        control.versions().stream()
            .filter(each -> Releases.newer(each.version(), serving.version()))
            .toList();
    for (VersionStatus each : newer.reversed()) {
      if (!each.state().equals("quarantined")) {
        return Optional.of(each.version());
      }
      log.info("scheduled upgrade: {} is quarantined: {}", each.version(), each.note());
    }
    return Optional.empty();
  }
}
