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
 * Gives a kept generation other volumes to start on: clones of the data that it is to go on with. A
 * generation needs them where its own volume is a layer below a newer version's volume, because a
 * write below a mounted overlay is undefined. The container is made anew, as mounts of a container
 * can't change; the inner engine's store stays. Every operation may be repeated after a failure.
 */
public final class VolumeRebaser {
  /** Key in the journal, with a generation's number appended: the volumes before the run. */
  private static final String ORIGINAL_VOLUMES_KEY = "original-volumes-";

  private static final TypeReference<List<DataVolume>> VOLUME_LIST = new TypeReference<>() {};

  private final UpgradeContext context;

  VolumeRebaser(UpgradeContext context) {
    this.context = context;
  }

  /**
   * Whether a generation can't start on its own volumes; stays true once this run has rebased it.
   */
  public boolean needsRebase(String run, Generation generation) {
    return savedVolumes(run, generation).isPresent() || isLayerBelowAnother(generation);
  }

  /**
   * Whether a volume of this generation is a layer below another's, so that nobody may write to it.
   */
  boolean isLayerBelowAnother(Generation generation) {
    return context.journal().generations().stream()
        .filter(row -> row.state() != Generation.State.REMOVED)
        .map(GenerationRecord::generation)
        .filter(other -> other.number() != generation.number())
        .anyMatch(other -> isLayeredOver(other, generation));
  }

  /** Whether a volume of one generation is a layer over a volume of another. */
  static boolean isLayeredOver(Generation generation, Generation below) {
    return generation.volumes().stream().anyMatch(volume -> isLayeredOver(volume, below));
  }

  private static boolean isLayeredOver(DataVolume volume, Generation generation) {
    return volume.lowers().stream()
        .anyMatch(layer ->
            generation.volumes().stream().anyMatch(own -> own.volume().equals(layer.volume())));
  }

  /** The generation with the volumes that it had before this run. */
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
   * Puts a generation on clones of other volumes. Volumes that both generations share (attached)
   * stay as they are.
   *
   * @param bases the volumes to clone, by name
   * @param nameSuffix of the new volumes' names
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

  /** Puts a generation back on the volumes that it had before this run, if it has others now. */
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
        // An earlier attempt may have left a volume of this name with content of no use.
        context.engine().removeVolume(volume.volume());
        context
            .engine()
            .createVolume(volume.volume(), context.names().generationLabels(rebased, run, "data"));
      }
    }
    context.createContainer(rebased, run);
    return rebased;
  }
}
