package dev.orchestrator.upgrade;

import dev.orchestrator.capsule.Capsule;
import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.Generation.State;
import dev.orchestrator.journal.GenerationRow;
import dev.orchestrator.journal.UpgradeRecord.Kind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** Stops what served before and keeps it; removes what is older than what is to be kept. */
final class Retention {
  private static final Duration ASK = Duration.ofSeconds(10);

  private final Parts parts;
  private final Names names;

  Retention(Parts parts, Names names) {
    this.parts = parts;
    this.names = names;
  }

  String run(Run run) {
    List<String> did = new ArrayList<>();
    Generation blue = run.blue;
    if (blue != null && run.green != null && blue.number() != run.green.number()) {
      retire(blue, run.green);
      if (run.record.kind() == Kind.ROLLBACK) {
        String note =
            "what was written to " + blue.version() + " is kept in volume " + blue.dataVolume();
        new Notes(parts.journal(), parts.traffic()).note(run.id(), note);
        did.add(note);
      } else {
        did.add(blue.version() + " (" + blue.container() + ") stopped and kept for rollback");
      }
    }
    removeBeyond(State.KEPT, parts.settings().stack().upgrade().keep(), did);
    removeBeyond(State.SET_ASIDE, 1, did);
    int pruned = parts.builder().prune(versions());
    if (pruned > 0) {
      did.add(pruned + " images of versions that are gone removed");
    }
    return did.isEmpty() ? "nothing to remove" : String.join("; ", did);
  }

  /**
   * The newer epoch in its lease keeps it from starting its services, by hand or after a reboot.
   */
  private void retire(Generation blue, Generation green) {
    Optional<ContainerInfo> container = parts.engine().container(blue.container());
    if (container.isEmpty() || !container.get().running()) {
      return;
    }
    Capsule capsule = parts.capsule(blue);
    capsule.lease(Math.max(blue.number(), green.number()) + 1, ASK);
    parts.engine().stopContainer(blue.container(), Undo.STOP);
  }

  private void removeBeyond(State state, int keep, List<String> did) {
    List<Generation> all =
        parts.journal().generations().stream()
            .filter(row -> row.state() == state)
            .map(GenerationRow::generation)
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

  /** Container and volumes. */
  void remove(Generation old) {
    parts.engine().removeContainer(old.container());
    parts.engine().removeVolume(old.dataVolume());
    parts.engine().removeVolume(old.storeVolume());
    parts.journal().setState(old.number(), State.REMOVED);
  }

  /** Everything of this stack and service on the engine, by label, but the images. */
  void removeAll() {
    for (ContainerInfo container : parts.engine().containers(names.ours())) {
      parts.engine().removeContainer(container.name());
    }
    parts
        .engine()
        .volumes(names.ours())
        .forEach(volume -> parts.engine().removeVolume(volume.name()));
    for (GenerationRow row : parts.journal().generations()) {
      if (row.state() != State.REMOVED) {
        remove(row.generation());
      }
    }
  }
}
