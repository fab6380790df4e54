package dev.orchestrator.upgrade;

import dev.orchestrator.data.DataVolume;
import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.engine.RemoteEngine;
import dev.orchestrator.engine.VolumeInfo;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.Generation.State;
import dev.orchestrator.journal.GenerationRecord;
import dev.orchestrator.journal.SnapshotRecord;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

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

  private List<Generation> beyond(State state, int keep, int spared) {
    return context.journal().generations().stream()
        .filter(row -> row.state() == state)
        .map(GenerationRecord::generation)
        .filter(generation -> generation.number() != spared)
        .sorted(Comparator.comparingInt(Generation::number).reversed())
        .skip(keep)
        .toList();
  }

  /** Versions of the generations that have not been removed. */
  public List<String> presentVersions() {
    return context.journal().generations().stream()
        .filter(row -> row.state() != State.REMOVED)
        .map(row -> row.generation().version())
        .distinct()
        .toList();
  }

  /**
   * Puts the older generations in a state away: what has a name as a snapshot stays as that,
   * without its container; the others are removed.
   *
   * @param keep how many of the newest stay as they are
   * @return one line for each that was put away
   */
  public List<String> putAwayBeyond(State state, int keep) {
    return putAwayBeyond(state, keep, 0);
  }

  /**
   * The same, but for one generation.
   *
   * @param spared number of a generation that stays whatever its age, beside the newest
   */
  public List<String> putAwayBeyond(State state, int keep, int spared) {
    Map<Integer, String> names =
        context.journal().snapshots().stream()
            .collect(Collectors.toMap(SnapshotRecord::generation, SnapshotRecord::name));
    List<String> lines = new ArrayList<>();
    for (Generation old : beyond(state, keep, spared)) {
      String name = names.get(old.number());
      if (name == null) {
        lines.add(removeOrLeave(old));
      } else {
        context.engine().removeContainer(old.container());
        context.journal().setState(old.number(), State.SNAPSHOT);
        removeUnusedVolumes();
        lines.add(
            "%s (%s) removed; its data stays as snapshot %s"
                .formatted(old.version(), old.container(), name));
      }
    }
    return lines;
  }

  /** A host that does not answer, and may never again, keeps nothing here from being put away. */
  private String removeOrLeave(Generation old) {
    try {
      remove(old);
      return old.version() + " (" + old.container() + ") removed";
    } catch (EngineException e) {
      RemoteEngine where = old.elsewhere();
      if (where == null) {
        throw e;
      }
      return "%s (%s) stays on %s, which does not answer"
          .formatted(old.version(), old.container(), where.address());
    }
  }

  /** Whether the orchestrator of another host has moved it here: it has that one's names. */
  private boolean isMovedHere(Generation generation) {
    return generation.elsewhere() == null
        && !generation.container().equals(context.names().container(generation.number()));
  }

  /**
   * The volumes of this stack: those with its labels and, of capsules that were moved here, which
   * have the labels of the orchestrator that has moved them, those with the container's name.
   */
  private List<VolumeInfo> volumes() {
    List<VolumeInfo> all = new ArrayList<>(context.engine().volumes(context.names().stackLabels()));
    List<String> moved =
        context.journal().generations().stream()
            .map(GenerationRecord::generation)
            .filter(this::isMovedHere)
            .map(generation -> generation.container() + "-")
            .toList();
    if (!moved.isEmpty()) {
      context.engine().volumes(Map.of(Labels.OURS, "1")).stream()
          .filter(volume -> moved.stream().anyMatch(volume.name()::startsWith))
          .filter(volume -> !all.contains(volume))
          .forEach(all::add);
    }
    return all;
  }

  /** Removes the images of capsules that were moved here: they have that one's names, too. */
  public void removeMovedImages() {
    for (GenerationRecord row : context.journal().generations()) {
      if (isMovedHere(row.generation())) {
        context.engine().removeImage(context.names().sentImage(row.generation()));
      }
    }
  }

  /** Removes a generation's container and those of its volumes that no other generation needs. */
  public void remove(Generation old) {
    context.engine().removeContainer(old.container());
    if (old.elsewhere() != null) {
      // By name, as long as the journal has that engine: nothing else is layered over them there.
      old.volumes().forEach(volume -> context.engine().removeVolume(volume.volume()));
      context.engine().removeVolume(old.storeVolume());
      context.engine().removeVolume(OwnerClaim.volume(old.container()));
      context.others().at(old.elsewhere()).removeImage(context.names().sentImage(old));
    }
    context.journal().setState(old.number(), State.REMOVED);
    removeUnusedVolumes();
    if (isMovedHere(old)) {
      context.engine().removeImage(context.names().sentImage(old));
    }
  }

  /** Removes the volumes of this stack that no generation uses, neither directly nor as a layer. */
  public void removeUnusedVolumes() {
    Set<String> needed = new HashSet<>();
    for (GenerationRecord row : context.journal().generations()) {
      if (row.state() != State.REMOVED) {
        if (row.state() != State.SNAPSHOT) {
          needed.add(row.generation().storeVolume());
        }
        for (DataVolume volume : row.generation().volumes()) {
          needed.addAll(volume.needs());
        }
      }
    }
    for (VolumeInfo volume : volumes()) {
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
    for (GenerationRecord row : context.journal().generations()) {
      if (row.state() != State.REMOVED) {
        context.engine().removeContainer(row.generation().container());
      }
    }
    volumes().forEach(volume -> context.engine().removeVolume(volume.name()));
    context
        .engine()
        .networks(context.names().stackLabels())
        .forEach(network -> context.engine().removeNetwork(network));
    for (GenerationRecord row : context.journal().generations()) {
      if (row.state() != State.REMOVED) {
        context.journal().setState(row.generation().number(), State.REMOVED);
      }
    }
  }
}
