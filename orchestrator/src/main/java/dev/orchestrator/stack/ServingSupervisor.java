package dev.orchestrator.stack;

import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.upgrade.CapsuleStarter;
import dev.orchestrator.upgrade.ResourceNames;
import dev.orchestrator.upgrade.Sides;
import dev.orchestrator.upgrade.Undo;
import dev.orchestrator.upgrade.UpgradeContext;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Starts the capsule that should serve when it doesn't run: after a reboot of the host, a restart
 * of the engine, a kill, also while an upgrade is being prepared beside it. Capsules have no
 * restart policy: with one, blue and green would both come up. New connections wait meanwhile.
 *
 * <p>A run takes what serves over from the keeper when it begins to hold, until its end.
 */
public final class ServingSupervisor {
  private static final Logger log = LoggerFactory.getLogger(ServingSupervisor.class);
  private static final Duration GATE = Duration.ofMinutes(10);
  private static final Duration PATIENCE = Duration.ofMinutes(5);

  private final UpgradeContext parts;
  private final CapsuleStarter revival;

  /** Held by who looks after what serves: the keeper, a run, {@code down}. */
  private final ReentrantLock serving = new ReentrantLock();

  ServingSupervisor(UpgradeContext parts, ResourceNames names) {
    this.parts = parts;
    this.revival = new CapsuleStarter(parts, names);
  }

  public CapsuleStarter revival() {
    return revival;
  }

  /** One look, unless somebody else looks after it; starts it where needed, stops it when down. */
  void look() {
    if (!serving.tryLock()) {
      return;
    }
    try {
      Optional<Generation> now = parts.journal().serving();
      if (now.isEmpty()) {
        return;
      }
      if (parts.journal().down()) {
        stop(now.get());
      } else {
        start(now.get());
      }
    } finally {
      serving.unlock();
    }
  }

  /** A {@code down} that was cut off has noted that it is down before it stopped anything. */
  private void stop(Generation generation) {
    if (parts
        .engine()
        .container(generation.container())
        .filter(ContainerInfo::running)
        .isPresent()) {
      parts.engine().stopContainer(generation.container(), Undo.STOP);
    }
  }

  private void start(Generation generation) {
    if (revival.runs(generation)) {
      if (!parts.traffic().leadsTo(generation.container())) {
        parts.traffic().lead(Sides.of(parts, generation));
      }
      return;
    }
    log.warn("{} should serve and doesn't: starting it", generation.container());
    parts.traffic().open(GATE);
    parts.traffic().hold(GATE);
    parts.traffic().drain(Duration.ZERO);
    String wrong = revival.revive(generation, "", line -> log.info("{}", line));
    if (!wrong.isEmpty()) {
      log.warn("{}: {}", generation.container(), wrong);
    }
    parts.traffic().lead(Sides.of(parts, generation));
  }

  /** Takes what serves over, on this thread; waits while it is being started. */
  public boolean hand() {
    return hand(PATIENCE);
  }

  /** The same, within a limit: a look in passing takes a moment, a start takes longer. */
  public boolean hand(Duration limit) {
    try {
      return serving.tryLock(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** Gives it back, if this thread has it. */
  void back() {
    while (serving.isHeldByCurrentThread()) {
      serving.unlock();
    }
  }
}
