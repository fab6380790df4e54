package dev.orchestrator.upgrade;

import dev.orchestrator.data.DataVolume;
import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.engine.VolumeInfo;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.Generation.State;
import dev.orchestrator.journal.GenerationRecord;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Removes old generations and the volumes that no generation needs any more. */
public final class Retention {
  /** Roles of volumes that belong to generations; helpers remove their own volumes. */
  private static final Set<String> REMOVABLE_ROLES = Set.of("data", "store");

  private final UpgradeContext context;

  Retention(UpgradeContext context) {
    this.context = context;
  }

  /** The engine's names of a generation's data volumes, for a person. */
  public static String volumeNames(Generation generation) {
    return String.join(", ", generation.volumes().stream().map(volume -> volume.volume()).toList());
  }

  /**
   * Removes the older generations in a state.
   *
   * @param keep how many of the newest stay
   * @return one line for each that was removed
   */
  public List<String> removeBeyond(State state, int keep) {
    return removeBeyond(state, keep, 0);
  }

  /**
   * The same, but for one generation.
   *
   * @param spared number of a generation that stays whatever its age, beside the newest
   */
  public List<String> removeBeyond(State state, int keep, int spared) {
    List<Generation> all =
        context.journal().generations().stream()
            .filter(row -> row.state() == state)
            .map(GenerationRecord::generation)
            .filter(generation -> generation.number() != spared)
            .sorted(Comparator.comparingInt(Generation::number).reversed())
            .toList();
    List<String> removed = new ArrayList<>();
    for (Generation old : all.subList(Math.min(keep, all.size()), all.size())) {
      remove(old);
      removed.add(old.version() + " (" + old.container() + ") removed");
    }
    return removed;
  }

  /** Versions of the generations that have not been removed. */
  public List<String> presentVersions() {
    return context.journal().generations().stream()
        .filter(row -> row.state() != State.REMOVED)
        .map(row -> row.generation().version())
        .distinct()
        .toList();
  }

  /** Removes a generation's container and those of its volumes that no other generation needs. */
  public void remove(Generation old) {
    context.engine().removeContainer(old.container());
    if (old.elsewhere() != null) {
      // By name, as long as the journal has that engine: nothing else is layered over them there.
      old.volumes().forEach(volume -> context.engine().removeVolume(volume.volume()));
      context.engine().removeVolume(old.storeVolume());
      context.others().at(old.elsewhere()).removeImage(context.names().sentImage(old));
    }
    context.journal().setState(old.number(), State.REMOVED);
    removeUnusedVolumes();
  }

  /** Removes the volumes of this stack that no generation uses, neither directly nor as a layer. */
  public void removeUnusedVolumes() {
    Set<String> needed = new HashSet<>();
    for (GenerationRecord row : context.journal().generations()) {
      if (row.state() != State.REMOVED) {
        needed.add(row.generation().storeVolume());
        for (DataVolume volume : row.generation().volumes()) {
          needed.addAll(volume.needs());
        }
      }
    }
    for (VolumeInfo volume : context.engine().volumes(context.names().stackLabels())) {
      if (REMOVABLE_ROLES.contains(volume.labels().getOrDefault(Labels.ROLE, ""))
          && !needed.contains(volume.name())) {
        context.engine().removeVolume(volume.name());
      }
    }
  }

  /** Removes everything of this stack and service from the engine, by label, except the images. */
  public void removeAll() {
    for (ContainerInfo container : context.engine().containers(context.names().stackLabels())) {
      context.engine().removeContainer(container.name());
    }
    context
        .engine()
        .volumes(context.names().stackLabels())
        .forEach(volume -> context.engine().removeVolume(volume.name()));
    for (GenerationRecord row : context.journal().generations()) {
      if (row.state() != State.REMOVED) {
        context.engine().removeContainer(row.generation().container());
        context.journal().setState(row.generation().number(), State.REMOVED);
      }
    }
  }
}
