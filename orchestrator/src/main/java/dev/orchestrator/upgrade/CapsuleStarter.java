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
 * Brings a generation's capsule up from whatever state it is in: removed by hand, stopped, killed,
 * its services stopped. What runs is left alone.
 */
public final class CapsuleStarter {
  private final UpgradeContext context;

  CapsuleStarter(UpgradeContext context) {
    this.context = context;
  }

  /** Whether its container runs, and services in it. */
  public boolean isRunning(Generation generation) {
    Optional<ContainerInfo> container = context.engine().container(generation.container());
    return container.filter(ContainerInfo::running).isPresent()
        // A managed capsule that was restarted by hand runs, and waits to be told to start them.
        && context.capsule(generation).services(context.briefTimeout()).stream()
            .map(InnerService::state)
            .anyMatch(state -> state.equals("running") || state.equals("restarting"));
  }

  /** Makes its container where there is none and starts it; returns when the inner engine is up. */
  public void startContainer(Generation generation, String run) {
    Optional<ContainerInfo> container = context.engine().container(generation.container());
    if (container.isEmpty()) {
      context
          .engine()
          .createContainer(
              context
                  .specs()
                  .of(generation, context.names().generationLabels(generation, run, "capsule")));
    } else if (container.get().paused()) {
      context.engine().unpauseContainer(generation.container());
    }
    context.engine().startContainer(generation.container());
    context.capsule(generation).awaitReady(context.limits().ready());
  }

  /**
   * Starts it and its services, and waits for their health.
   *
   * @return what is wrong with it, empty when it is healthy: its services that are well are better
   *     than none
   */
  public String bringUp(Generation generation, String run, Consumer<String> progress) {
    requireVolumes(generation);
    startContainer(generation, run);
    UpgradeSettings limits = context.limits();
    Capsule capsule = context.capsule(generation);
    capsule.thaw(limits.ready());
    capsule.lease(generation.number(), limits.ready());
    try {
      capsule.start(limits.verify().deadline());
      progress.accept(
          context.awaitHealthy(
              generation,
              new VerifySettings(1, limits.verify().interval(), limits.verify().deadline()),
              progress));
      return "";
    } catch (HealthException e) {
      return FailureText.of(e);
    } catch (CapsuleException e) {
      if (e.getCause() instanceof EngineException) {
        throw e; // The engine is away: nothing is known of the services.
      }
      return FailureText.of(e);
    }
  }

  /** An engine would make a missing volume by itself, an empty one. */
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
