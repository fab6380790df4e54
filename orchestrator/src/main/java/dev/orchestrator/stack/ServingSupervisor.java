package dev.orchestrator.stack;

import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.upgrade.CapsuleStarter;
import dev.orchestrator.upgrade.ServingLock;
import dev.orchestrator.upgrade.UpgradeContext;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Starts the capsule that should serve when it does not run: after a reboot of the host, a restart
 * of the engine or a kill, also while an upgrade is being prepared beside it. New connections wait
 * meanwhile. Capsules have no restart policy of the engine, which would start blue and green both.
 *
 * <p>A run takes the {@link ServingLock} when it begins to hold, and keeps it until its end, or
 * until it has released clients to the capsule again.
 */
final class ServingSupervisor {
  private static final Logger log = LoggerFactory.getLogger(ServingSupervisor.class);
  private static final Duration GATE_DEADLINE = Duration.ofMinutes(10);

  private final UpgradeContext context;
  private final CapsuleStarter starter;
  private final ServingLock lock;

  /** The capsule, and the last run, for which self-healing was set. Guarded by the lock. */
  private String healing = "";

  ServingSupervisor(UpgradeContext context) {
    this.context = context;
    this.starter = context.starter();
    this.lock = context.servingLock();
  }

  /**
   * Starts the capsule that should serve, or stops it if the stack is down. Does nothing while a
   * run owns the capsule.
   */
  void superviseOnce() {
    if (!lock.tryAcquire()) {
      return;
    }
    try {
      Optional<Generation> serving = context.journal().serving();
      if (serving.isEmpty()) {
        return;
      }
      if (context.journal().down()) {
        stop(serving.get());
      } else {
        start(serving.get());
      }
    } finally {
      lock.release();
    }
  }

  /**
   * Stops the capsule after a {@code down} that was cut off: the journal has the stack as down
   * before the capsule is stopped.
   */
  private void stop(Generation generation) {
    if (context
        .engine()
        .container(generation.container())
        .filter(ContainerInfo::running)
        .isPresent()) {
      context.engine().stopContainer(generation.container(), UpgradeContext.STOP_TIMEOUT);
    }
  }

  private void start(Generation generation) {
    // Also where the capsule runs: at the start of the service a port may have been taken.
    context.traffic().open(GATE_DEADLINE);
    if (starter.isRunning(generation)) {
      if (!context.traffic().isOpenTo(generation.container())) {
        context.traffic().switchTo(context.backend(generation));
      }
      heal(generation);
      return;
    }
    log.warn("{} should serve and doesn't: starting it", generation.container());
    context.traffic().hold(GATE_DEADLINE);
    context.traffic().drain(Duration.ZERO);
    String problem = starter.bringUp(generation, "", line -> log.info("{}", line));
    if (!problem.isEmpty()) {
      log.warn("{}: {}", generation.container(), problem);
    }
    context.traffic().switchTo(context.backend(generation));
    healing = "";
  }

  /**
   * Tells the capsule to restart services that stay unhealthy. Once after each start and each run:
   * a run tells it to leave that, and a stop of its services does.
   */
  private void heal(Generation generation) {
    String state =
        generation.container()
            + context.journal().history().stream()
                .findFirst()
                .map(run -> " " + run.id() + " " + run.outcome())
                .orElse("");
    if (state.equals(healing)) {
      return;
    }
    try {
      context
          .capsule(generation)
          .heal(context.settings().stack().healAfter(), context.briefTimeout());
    } catch (CapsuleException e) {
      if (e.isOutage()) {
        throw e;
      }
      // A capsule that was built before this existed. Asking again would not help.
      log.info("no self-healing in {}: {}", generation.container(), e.getMessage());
    }
    healing = state;
  }
}
