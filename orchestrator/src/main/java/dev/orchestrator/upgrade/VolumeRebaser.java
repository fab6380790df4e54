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
  private static final String ORIGINAL_VOLUMES_KEY = "original-volumes-";

  private static final TypeReference<List<DataVolume>> VOLUME_LIST = new TypeReference<>() {};

  private final UpgradeContext context;

  VolumeRebaser(UpgradeContext context) {
    this.context = context;
  }

  /** Whether a generation can't start on its own data; the same after this run has changed that. */
  public boolean needsRebase(String run, Generation generation) {
    return savedVolumes(run, generation).isPresent() || isLayerBelowAnother(generation);
  }

  /**
   * Whether a volume of this generation is a layer below another's: then nobody may write to it.
   */
  boolean isLayerBelowAnother(Generation generation) {
    return context.journal().generations().stream()
        .filter(row -> row.state() != Generation.State.REMOVED)
        .map(GenerationRecord::generation)
        .filter(other -> other.number() != generation.number())
        .flatMap(other -> other.volumes().stream())
        .anyMatch(volume -> isLayeredOver(volume, generation));
  }

  private static boolean isLayeredOver(DataVolume volume, Generation generation) {
    return volume.lowers().stream()
        .anyMatch(layer ->
            generation.volumes().stream().anyMatch(own -> own.volume().equals(layer.volume())));
  }

  /**
   * What it had before this run changed it.
   *
   * @return the generation as it was
   */
  public Generation withOriginalVolumes(String run, Generation generation) {
    return savedVolumes(run, generation).map(generation::with).orElse(generation);
  }

  private Optional<List<DataVolume>> savedVolumes(String run, Generation generation) {
    return context
        .journal()
        .attachment(run, ORIGINAL_VOLUMES_KEY + generation.number())
        .map(json -> Json.read(json, VOLUME_LIST));
  }

  /**
   * On clones of these volumes; those that both have (attached) stay as they are.
   *
   * @param what they are, a part of the new volumes' names
   */
  public Generation rebaseOntoClones(
      String run, Generation generation, List<DataVolume> bases, String nameSuffix) {
    List<DataVolume> volumes = new ArrayList<>();
    for (DataVolume own : withOriginalVolumes(run, generation).volumes()) {
      DataVolume base =
          bases.stream()
              .filter(each -> each.name().equals(own.name()))
              .findFirst()
              .orElseThrow(() -> new IllegalStateException("no base for volume " + own.name()));
      boolean shared = base.method() == Method.ATTACH || isSharedWithAnother(generation, own);
      volumes.add(
          shared
              ? own
              : new DataVolume(
                  own.name(),
                  context.names().volume(generation.number(), own.name()) + "." + run + nameSuffix,
                  Method.OVERLAY,
                  base.layers(),
                  own.paths()));
    }
    return replaceVolumes(run, generation, volumes);
  }

  /** Whether another generation uses the very same volume. */
  private boolean isSharedWithAnother(Generation generation, DataVolume own) {
    return context.journal().generations().stream()
        .filter(row -> row.state() != Generation.State.REMOVED)
        .map(GenerationRecord::generation)
        .filter(other -> other.number() != generation.number())
        .flatMap(other -> other.volumes().stream())
        .anyMatch(volume -> volume.volume().equals(own.volume()));
  }

  /** On what it had before; nothing where it still has that. */
  public Generation restoreOriginalVolumes(String run, Generation generation) {
    Optional<List<DataVolume>> original = savedVolumes(run, generation);
    return original.isEmpty() ? generation : replaceVolumes(run, generation, original.get());
  }

  private Generation replaceVolumes(String run, Generation generation, List<DataVolume> volumes) {
    Generation original = withOriginalVolumes(run, generation);
    if (savedVolumes(run, generation).isEmpty()) {
      context
          .journal()
          .attach(run, ORIGINAL_VOLUMES_KEY + generation.number(), Json.write(original.volumes()));
    }
    Generation rebased = generation.with(volumes);
    context.journal().setVolumes(generation.number(), volumes);
    context.engine().removeContainer(generation.container());
    for (DataVolume volume : volumes) {
      if (!original.volumes().contains(volume)) {
        // What an earlier try has written there is of no use.
        context.engine().removeVolume(volume.volume());
        context
            .engine()
            .createVolume(volume.volume(), context.names().generationLabels(rebased, run, "data"));
      }
    }
    context
        .engine()
        .createContainer(
            context.specs().of(rebased, context.names().generationLabels(rebased, run, "capsule")));
    return rebased;
  }
}
