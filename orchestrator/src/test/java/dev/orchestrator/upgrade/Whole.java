package dev.orchestrator.upgrade;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.engine.VolumeInfo;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.Generation.State;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What must hold when all is quiet again, whatever has happened. */
final class Whole {
  private Whole() {}

  /**
   * Nothing runs, one version serves, clients reach it, all that was acknowledged is there or is
   * set aside, and nothing is left that the journal doesn't know.
   */
  static void assertWhole(World world, Orchestration at, String what) {
    assertTrue(at.journal.running().isEmpty(), what + ": a run has not ended");
    for (UpgradeRecord run : at.journal.history()) {
      assertTrue(run.outcome() != Outcome.NEEDS_ATTENTION, what + ": " + run);
      assertTrue(run.outcome() == Outcome.DONE || !run.reason().isEmpty(), what + ": no reason");
    }
    assertEquals(List.of(), world.violations, what);
    Generation serving = at.journal.serving().orElseThrow(() -> new AssertionError(what));
    assertEquals(Set.of(serving.container()), world.alive(), what + ": writers");
    assertEquals(serving.container(), at.traffic.reaches(), what + ": clients reach");
    Set<String> kept = new HashSet<>(world.rows.getOrDefault(serving.dataVolume(), List.of()));
    Set<String> known = new HashSet<>();
    at.journal
        .generations()
        .forEach(row -> {
          Generation each = row.generation();
          assertTrue(row.state() != State.CANDIDATE, what + ": a candidate is left");
          if (row.state() == State.SET_ASIDE) {
            kept.addAll(world.rows.getOrDefault(each.dataVolume(), List.of()));
          }
          if (row.state() != State.REMOVED) {
            known.addAll(List.of(each.container(), each.dataVolume(), each.storeVolume()));
          }
        });
    List<String> missing = new ArrayList<>(world.acknowledged);
    missing.removeAll(kept);
    assertEquals(List.of(), missing, what + ": acknowledged and lost");
    for (ContainerInfo container : world.engine.containers(Map.of(Labels.OURS, "1"))) {
      assertTrue(known.contains(container.name()), what + ": left over " + container.name());
    }
    for (VolumeInfo volume : world.engine.volumes(Map.of(Labels.OURS, "1"))) {
      assertTrue(known.contains(volume.name()), what + ": left over " + volume.name());
    }
  }
}
