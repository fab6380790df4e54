package dev.orchestrator.upgrade;

import dev.orchestrator.capsule.Capsule;
import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.capsule.InnerService;
import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.health.HealthException;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.settings.UpgradeSettings;
import dev.orchestrator.settings.UpgradeSettings.VerifySettings;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Starts a generation's capsule from whatever state it is in: removed by hand, stopped, killed,
 * paused, or with its services stopped. A capsule that runs is left alone. Blocks; called by the
 * thread that holds the {@link ServingLock} or runs the saga.
 */
public final class CapsuleStarter {
  private static final int PORT_ATTEMPTS = 10;

  private final UpgradeContext context;

  CapsuleStarter(UpgradeContext context) {
    this.context = context;
  }

  /** Whether the container runs and at least one service in it. */
  public boolean isRunning(Generation generation) {
    return runningContainer(generation).isPresent() && runsServices(generation);
  }

  /** The container if it runs. */
  public Optional<ContainerInfo> runningContainer(Generation generation) {
    return context.engine().container(generation.container()).filter(ContainerInfo::running);
  }

  /**
   * Whether at least one service runs in a container that does: after a restart of the container by
   * hand they wait for a command. Asks the capsule, which starts several processes for the answer.
   */
  public boolean runsServices(Generation generation) {
    return context.capsule(generation).services(context.briefTimeout()).stream()
        .map(InnerService::state)
        .anyMatch(state -> state.equals("running") || state.equals("restarting"));
  }

  /**
   * Creates the container where there is none and starts it; returns when the inner engine is up.
   */
  public void startContainer(Generation generation, String run) {
    Optional<ContainerInfo> container = context.engine().container(generation.container());
    if (container.isEmpty()) {
      context.createContainer(generation, run);
    } else if (container.get().paused()) {
      context.engine().unpauseContainer(generation.container());
    }
    start(generation, run);
    context.capsule(generation).awaitReady(context.limits().ready());
  }

  /** A port that is published may be taken by now: the container is then made anew with others. */
  private void start(Generation generation, String run) {
    for (int attempt = 1; ; attempt++) {
      try {
        context.engine().startContainer(generation.container());
        return;
      } catch (EngineException e) {
        boolean taken =
            generation.elsewhere() != null
                && String.valueOf(e.getMessage())
                    .matches("(?s).*(already allocated|already in use|address in use).*");
        if (!taken || attempt == PORT_ATTEMPTS) {
          throw e;
        }
        context.engine().removeContainer(generation.container());
        context.createContainer(generation, run, attempt);
      }
    }
  }

  /**
   * Starts the container and the services, and waits until clients can be served: until the routes
   * accept and the probes pass, asked at once, whenever the engine's own health checks come.
   *
   * @return what is wrong with the services, empty when they are healthy; they are left running, as
   *     some healthy services are better than none
   * @throws EngineException when a data volume is missing or the engine does not answer
   */
  public String bringUp(Generation generation, String run, Consumer<String> progress) {
    requireVolumes(generation);
    startContainer(generation, run);
    UpgradeSettings limits = context.limits();
    Capsule capsule = context.capsule(generation);
    capsule.thaw(limits.ready());
    capsule.lease(generation.number(), limits.ready());
    try {
      progress.accept(
          context.serve(
              generation,
              new VerifySettings(1, limits.verify().interval(), limits.verify().deadline()),
              progress));
      return "";
    } catch (HealthException e) {
      return FailureText.of(e);
    } catch (CapsuleException e) {
      if (e.getCause() instanceof EngineException) {
        throw e; // The engine does not answer, so that nothing is known of the services.
      }
      return FailureText.of(e);
    }
  }

  /**
   * Fails on a missing data volume: the engine would silently create an empty volume in its place.
   */
  private void requireVolumes(Generation generation) {
    generation.volumes().stream()
        .flatMap(volume -> volume.needs().stream())
        .filter(volume -> context.engine().volume(volume).isEmpty())
        .findFirst()
        .ifPresent(volume -> {
          throw new EngineException(
              EngineException.Kind.NOT_FOUND,
              "the data of %s is gone: there is no volume %s; put a copy of it back, then 'orchestrator resume'"
                  .formatted(generation.version(), volume));
        });
    if (context.engine().volume(generation.storeVolume()).isEmpty()) {
      // The inner engine's store is filled from the image again.
      context
          .engine()
          .createVolume(
              generation.storeVolume(), context.names().generationLabels(generation, "", "store"));
    }
  }
}
