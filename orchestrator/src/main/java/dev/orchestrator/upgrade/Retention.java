package dev.orchestrator.upgrade;

import dev.orchestrator.data.DataVolume;
import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.engine.VolumeInfo;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.Generation.State;
import dev.orchestrator.journal.GenerationRecord;
import dev.orchestrator.journal.UpgradeRecord.Kind;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Stops what served before and keeps it; removes what is older than what is to be kept. */
public final class Retention {
  /** What a generation has; helpers' volumes are theirs to remove. */
  private static final Set<String> KEPT = Set.of("data", "store");

  private final UpgradeContext parts;
  private final ResourceNames names;

  public Retention(UpgradeContext parts, ResourceNames names) {
    this.parts = parts;
    this.names = names;
  }

  String run(UpgradeRun run) {
    List<String> did = new ArrayList<>();
    Generation blue = run.blue;
    Notes notes = new Notes(parts.journal(), parts.traffic());
    if (blue != null && run.green != null && blue.number() != run.green.number()) {
      // The lease that it was left with keeps it from starting its services again.
      new Quiescer(parts, notes).end(blue);
      if (run.record.kind() == Kind.ROLLBACK) {
        String note = aside(run, blue, run.green);
        notes.note(run.id(), note);
        did.add(note);
      } else {
        did.add(blue.version() + " (" + blue.container() + ") stopped and kept for rollback");
      }
    }
    removeBeyond(State.KEPT, parts.settings().stack().upgrade().keep(), did);
    removeBeyond(State.SET_ASIDE, 1, did);
    sweep();
    int pruned = parts.builder().prune(versions());
    if (pruned > 0) {
      did.add(pruned + " images of versions that are gone removed");
    }
    return did.isEmpty() ? "nothing to remove" : String.join("; ", did);
  }

  /** What becomes of what was written to a version that was left for an older one. */
  private String aside(UpgradeRun run, Generation blue, Generation green) {
    if (DataOptions.of(parts, run.id()).carries()) {
      return "%s's data, as it was when it was left, is kept in volume %s"
          .formatted(blue.version(), volumes(blue));
    }
    return "what was written to %s since its switch is set aside: %s"
        .formatted(
            blue.version(),
            DataChanges.line(new DataChanges(parts, names).volumes(blue, green, run.id())));
  }

  /** Names of its data volumes, for a person. */
  static String volumes(Generation generation) {
    return String.join(", ", generation.volumes().stream().map(volume -> volume.volume()).toList());
  }

  private void removeBeyond(State state, int keep, List<String> did) {
    List<Generation> all =
        parts.journal().generations().stream()
            .filter(row -> row.state() == state)
            .map(GenerationRecord::generation)
            .sorted(Comparator.comparingInt(Generation::number).reversed())
            .toList();
    for (Generation old : all.subList(Math.min(keep, all.size()), all.size())) {
      remove(old);
      did.add(old.version() + " (" + old.container() + ") removed");
    }
  }

  /** Of the generations that are there. */
  private List<String> versions() {
    return parts.journal().generations().stream()
        .filter(row -> row.state() != State.REMOVED)
        .map(row -> row.generation().version())
        .distinct()
        .toList();
  }

  /** The container, and of its volumes those that no other generation needs. */
  public void remove(Generation old) {
    parts.engine().removeContainer(old.container());
    parts.journal().setState(old.number(), State.REMOVED);
    sweep();
  }

  /** Removes the volumes of ours that no generation has, nor as a layer below its own. */
  void sweep() {
    Set<String> needed = new HashSet<>();
    for (GenerationRecord row : parts.journal().generations()) {
      if (row.state() != State.REMOVED) {
        needed.add(row.generation().storeVolume());
        for (DataVolume volume : row.generation().volumes()) {
          needed.addAll(volume.needs());
        }
      }
    }
    for (VolumeInfo volume : parts.engine().volumes(names.ours())) {
      if (KEPT.contains(volume.labels().getOrDefault(Labels.ROLE, ""))
          && !needed.contains(volume.name())) {
        parts.engine().removeVolume(volume.name());
      }
    }
  }

  /** Everything of this stack and service on the engine, by label, but the images. */
  public void removeAll() {
    for (ContainerInfo container : parts.engine().containers(names.ours())) {
      parts.engine().removeContainer(container.name());
    }
    parts
        .engine()
        .volumes(names.ours())
        .forEach(volume -> parts.engine().removeVolume(volume.name()));
    for (GenerationRecord row : parts.journal().generations()) {
      if (row.state() != State.REMOVED) {
        parts.engine().removeContainer(row.generation().container());
        parts.journal().setState(row.generation().number(), State.REMOVED);
      }
    }
  }
}
