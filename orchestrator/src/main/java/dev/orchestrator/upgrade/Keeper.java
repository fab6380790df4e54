package dev.orchestrator.upgrade;

import dev.orchestrator.capsule.Capsule;
import dev.orchestrator.capsule.InnerService;
import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.health.HealthException;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.settings.UpgradeSettings;
import dev.orchestrator.settings.UpgradeSettings.VerifySettings;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Starts the capsule that should serve when its container doesn't run: after a reboot of the host,
 * a restart of the engine, a kill. Capsules have no restart policy: with one, blue and green would
 * both come up. New connections wait meanwhile.
 */
final class Keeper {
  private static final Logger log = LoggerFactory.getLogger(Keeper.class);
  private static final Duration GATE = Duration.ofMinutes(10);
  private static final Duration ASK = Duration.ofSeconds(10);

  private final Parts parts;

  Keeper(Parts parts) {
    this.parts = parts;
  }

  /** One look; starts it where needed. Only while no run is under way. */
  void look() {
    Optional<Generation> serving = parts.journal().serving();
    if (serving.isEmpty() || parts.journal().down()) {
      return;
    }
    Generation generation = serving.get();
    Optional<ContainerInfo> container = parts.engine().container(generation.container());
    if (container.isEmpty()) {
      throw new EngineException(
          EngineException.Kind.NOT_FOUND,
          "the container that serves, "
              + generation.container()
              + ", is gone; its data is in volume "
              + generation.dataVolume()
              + ": 'orchestrator down', then 'orchestrator up' makes it anew");
    }
    Capsule capsule = parts.capsule(generation);
    if (container.get().running() && servicesRun(capsule)) {
      return;
    }
    log.warn("{} should serve and doesn't: starting it", generation.container());
    parts.traffic().open(GATE);
    parts.traffic().hold(GATE);
    parts.traffic().drain(Duration.ZERO);
    UpgradeSettings limits = parts.settings().stack().upgrade();
    parts.engine().startContainer(generation.container());
    capsule.awaitReady(limits.ready());
    capsule.start(limits.verify().deadline());
    try {
      awaitHealthy(generation, capsule, limits.verify());
    } catch (HealthException e) {
      // Nothing else could serve in its place: the services that are well are better than none.
      log.warn("{}: {}", generation.container(), e.getMessage());
    }
    parts.traffic().lead(Sides.of(parts, generation));
  }

  /**
   * A managed capsule that was restarted by hand runs, and waits to be told to start its services.
   */
  private static boolean servicesRun(Capsule capsule) {
    return capsule.services(ASK).stream()
        .map(InnerService::state)
        .anyMatch(state -> state.equals("running") || state.equals("restarting"));
  }

  private void awaitHealthy(Generation generation, Capsule capsule, VerifySettings verify) {
    VerifySettings once = new VerifySettings(1, verify.interval(), verify.deadline());
    parts
        .health()
        .await(capsule, parts.settings().stack().probes(), generation.ports(), once, line -> {});
  }
}
