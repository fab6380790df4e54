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
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Brings a generation's capsule up from whatever state it is in: removed by hand, stopped, killed,
 * its services stopped. What runs is left alone.
 */
public final class CapsuleStarter {
  private final UpgradeContext parts;
  private final ResourceNames names;

  public CapsuleStarter(UpgradeContext parts, ResourceNames names) {
    this.parts = parts;
    this.names = names;
  }

  /** For a look in passing: a third of what one call to the engine may take. */
  static Duration ask(UpgradeContext parts) {
    return parts.settings().engine().timeout().dividedBy(3);
  }

  /** Whether its container runs, and services in it. */
  public boolean runs(Generation generation) {
    Optional<ContainerInfo> container = parts.engine().container(generation.container());
    return container.filter(ContainerInfo::running).isPresent()
        // A managed capsule that was restarted by hand runs, and waits to be told to start them.
        && parts.capsule(generation).services(ask(parts)).stream()
            .map(InnerService::state)
            .anyMatch(state -> state.equals("running") || state.equals("restarting"));
  }

  /** Makes its volumes and its container where they are missing, and starts it: inner engine up. */
  void wake(Generation generation, String run) {
    Optional<ContainerInfo> there = parts.engine().container(generation.container());
    if (there.isEmpty()) {
      parts
          .engine()
          .createContainer(parts.specs().of(generation, names.labels(generation, run, "capsule")));
    } else if (there.get().paused()) {
      parts.engine().unpauseContainer(generation.container());
    }
    parts.engine().startContainer(generation.container());
    parts.capsule(generation).awaitReady(parts.settings().stack().upgrade().ready());
  }

  /**
   * Starts it and its services, and waits for their health.
   *
   * @return what is wrong with it, empty when it is healthy: its services that are well are better
   *     than none
   */
  public String revive(Generation generation, String run, Consumer<String> progress) {
    requireData(generation);
    wake(generation, run);
    UpgradeSettings limits = parts.settings().stack().upgrade();
    Capsule capsule = parts.capsule(generation);
    capsule.thaw(limits.ready());
    capsule.lease(generation.number(), limits.ready());
    try {
      capsule.start(limits.verify().deadline());
      progress.accept(
          parts
              .health()
              .await(
                  capsule,
                  parts.settings().stack().probes(),
                  generation.ports(),
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
  private void requireData(Generation generation) {
    generation.volumes().stream()
        .flatMap(volume -> volume.needs().stream())
        .filter(volume -> parts.engine().volume(volume).isEmpty())
        .findFirst()
        .ifPresent(volume -> {
          throw new EngineException(
              EngineException.Kind.NOT_FOUND,
              "the data of %s is gone: there is no volume %s; put a copy of it back, then 'orchestrator resume'"
                  .formatted(generation.version(), volume));
        });
    if (parts.engine().volume(generation.storeVolume()).isEmpty()) {
      // The inner engine's store is filled from the image again.
      parts.engine().createVolume(generation.storeVolume(), names.labels(generation, "", "store"));
    }
  }
}
