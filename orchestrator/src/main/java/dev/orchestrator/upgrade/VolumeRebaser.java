package dev.orchestrator.upgrade;

import com.fasterxml.jackson.core.type.TypeReference;
import dev.orchestrator.common.Json;
import dev.orchestrator.data.DataVolume;
import dev.orchestrator.data.DataVolume.Method;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.GenerationRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Gives a kept generation other data to start on: a clone of what it is to go on with. Its own
 * volume may be a layer below a newer version's, which nobody may write to. Its container is made
 * anew, as mounts can't change; the inner engine's store stays. Each may be run again.
 */
public final class VolumeRebaser {
  /** Kept with a run, with a generation's number: the volumes that it had before. */
  private static final String ORIGINAL = "original-volumes-";

  private static final TypeReference<List<DataVolume>> VOLUMES = new TypeReference<>() {};

  private final UpgradeContext context;

  VolumeRebaser(UpgradeContext context) {
    this.context = context;
  }

  /** Whether a generation can't start on its own data; the same after this run has changed that. */
  public boolean needed(String run, Generation generation) {
    return kept(run, generation).isPresent() || isBelowAnother(generation);
  }

  /**
   * Whether a volume of this generation is a layer below another's: then nobody may write to it.
   */
  boolean isBelowAnother(Generation generation) {
    return context.journal().generations().stream()
        .filter(row -> row.state() != Generation.State.REMOVED)
        .map(GenerationRecord::generation)
        .filter(other -> other.number() != generation.number())
        .flatMap(other -> other.volumes().stream())
        .anyMatch(volume -> below(volume, generation));
  }

  private static boolean below(DataVolume volume, Generation generation) {
    return volume.lowers().stream()
        .anyMatch(layer ->
            generation.volumes().stream().anyMatch(own -> own.volume().equals(layer.volume())));
  }

  /**
   * What it had before this run changed it.
   *
   * @return the generation as it was
   */
  public Generation original(String run, Generation generation) {
    return kept(run, generation).map(generation::with).orElse(generation);
  }

  private Optional<List<DataVolume>> kept(String run, Generation generation) {
    return context
        .journal()
        .attachment(run, ORIGINAL + generation.number())
        .map(json -> Json.read(json, VOLUMES));
  }

  /**
   * On clones of these volumes; those that both have (attached) stay as they are.
   *
   * @param what they are, a part of the new volumes' names
   */
  public Generation onto(String run, Generation generation, List<DataVolume> bases, String what) {
    List<DataVolume> volumes = new ArrayList<>();
    for (DataVolume own : original(run, generation).volumes()) {
      DataVolume base =
          bases.stream()
              .filter(each -> each.name().equals(own.name()))
              .findFirst()
              .orElseThrow(() -> new IllegalStateException("no base for volume " + own.name()));
      boolean shared = base.method() == Method.ATTACH || attached(generation, own);
      volumes.add(
          shared
              ? own
              : new DataVolume(
                  own.name(),
                  context.names().volume(generation.number(), own.name()) + "." + run + what,
                  Method.OVERLAY,
                  base.layers(),
                  own.paths()));
    }
    return put(run, generation, volumes);
  }

  /** Whether another generation uses the very same volume. */
  private boolean attached(Generation generation, DataVolume own) {
    return context.journal().generations().stream()
        .filter(row -> row.state() != Generation.State.REMOVED)
        .map(GenerationRecord::generation)
        .filter(other -> other.number() != generation.number())
        .flatMap(other -> other.volumes().stream())
        .anyMatch(volume -> volume.volume().equals(own.volume()));
  }

  /** On what it had before; nothing where it still has that. */
  public Generation back(String run, Generation generation) {
    Optional<List<DataVolume>> original = kept(run, generation);
    return original.isEmpty() ? generation : put(run, generation, original.get());
  }

  private Generation put(String run, Generation generation, List<DataVolume> volumes) {
    Generation original = original(run, generation);
    if (kept(run, generation).isEmpty()) {
      context.journal().attach(run, ORIGINAL + generation.number(), Json.write(original.volumes()));
    }
    Generation based = generation.with(volumes);
    context.journal().setVolumes(generation.number(), volumes);
    context.engine().removeContainer(generation.container());
    for (DataVolume volume : volumes) {
      if (!original.volumes().contains(volume)) {
        // What an earlier try has written there is of no use.
        context.engine().removeVolume(volume.volume());
        context.engine().createVolume(volume.volume(), context.names().labels(based, run, "data"));
      }
    }
    context
        .engine()
        .createContainer(context.specs().of(based, context.names().labels(based, run, "capsule")));
    return based;
  }
}
