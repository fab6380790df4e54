package dev.orchestrator.upgrade;

import dev.orchestrator.capsule.Capsule;
import dev.orchestrator.capsule.CapsuleBuilder;
import dev.orchestrator.capsule.runtime.CapsuleSpecFactory;
import dev.orchestrator.data.DataCopier;
import dev.orchestrator.engine.ContainerSpec;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.health.HealthGate;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.Journal;
import dev.orchestrator.settings.Settings;
import dev.orchestrator.traffic.Traffic;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.function.Function;

/**
 * What the saga works with, wired together in one place ({@code Service}).
 *
 * @param specs how a generation's capsule container is made; the map is its labels
 * @param capsules the capsule in a container of that name
 * @param undoPause before an undo that failed is tried again; grows to ten times this
 */
public record UpgradeContext(
    Settings settings,
    Journal journal,
    Engine engine,
    CapsuleBuilder builder,
    SpecFactory specs,
    Function<String, Capsule> capsules,
    DataCopier copier,
    HealthGate health,
    Traffic traffic,
    InstantSource clock,
    Duration undoPause) {

  /** Makes a capsule container's specification. */
  @FunctionalInterface
  public interface SpecFactory {
    ContainerSpec of(Generation generation, Map<String, String> labels);

    /** Of capsules that wait to be told what to do. */
    static SpecFactory managed(CapsuleSpecFactory specs) {
      return (generation, labels) ->
          specs.managed(
              generation.container(),
              generation.image(),
              generation.number(),
              generation.volumes(),
              generation.storeVolume(),
              labels);
    }
  }

  public Capsule capsule(Generation generation) {
    return capsules.apply(generation.container());
  }
}
