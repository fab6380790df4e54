package dev.orchestrator.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.data.DataVolume;
import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.Generation.State;
import dev.orchestrator.journal.GenerationRecord;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.upgrade.DataPlanner;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** What must hold when all is quiet again, whatever has happened. */
public final class Invariants {
  private final FakeHost world;
  private final OrchestratorFixture at;
  private final String what;

  private Invariants(FakeHost world, OrchestratorFixture at, String what) {
    this.world = world;
    this.at = at;
    this.what = what;
  }

  /**
   * Nothing runs, one version serves, clients reach it, all that was acknowledged is there or is
   * set aside, nothing was written below a clone, and nothing is left that the journal doesn't
   * know.
   */
  public static void assertWhole(FakeHost world, OrchestratorFixture at, String what) {
    Invariants check = new Invariants(world, at, what);
    assertTrue(at.journal.running().isEmpty(), what + ": a run has not ended");
    for (UpgradeRecord run : at.journal.history()) {
      assertTrue(run.outcome() != Outcome.NEEDS_ATTENTION, what + ": " + run);
      assertTrue(run.outcome() == Outcome.DONE || !run.reason().isEmpty(), what + ": no reason");
    }
    assertEquals(List.of(), world.violations, what);
    Generation serving = at.journal.serving().orElseThrow();
    assertEquals(Set.of(serving.container()), world.alive(), what + ": writers");
    assertEquals(serving.container(), at.traffic.reaches(), what + ": clients reach");
    check.data(serving);
    check.nothingLeft();
  }

  private List<GenerationRecord> rows() {
    return at.journal.generations().stream().filter(row -> row.state() != State.REMOVED).toList();
  }

  private void data(Generation serving) {
    for (DataVolume volume : serving.volumes()) {
      Set<String> kept = new HashSet<>(world.data.seen(volume));
      for (GenerationRecord row : rows()) {
        if (row.state() == State.SET_ASIDE) {
          DataPlanner.named(row.generation(), volume.name())
              .ifPresent(newer -> kept.addAll(world.data.seen(newer)));
        }
      }
      List<String> missing = new ArrayList<>(world.acknowledged);
      missing.removeAll(kept);
      assertEquals(List.of(), missing, what + ": lost of " + volume);
      List<String> twice = new ArrayList<>(world.data.seen(volume));
      new HashSet<>(twice).forEach(twice::remove);
      assertEquals(List.of(), twice, what + ": twice in " + volume);
    }
    for (GenerationRecord row : rows()) {
      for (DataVolume volume : row.generation().volumes()) {
        assertTrue(world.data.whole(volume), what + ": written below " + volume);
      }
    }
  }

  private void nothingLeft() {
    Set<String> containers = new TreeSet<>();
    Set<String> volumes = new TreeSet<>();
    for (GenerationRecord row : rows()) {
      assertTrue(row.state() != State.CANDIDATE, what + ": a candidate is left");
      containers.add(row.generation().container());
      volumes.add(row.generation().storeVolume());
      row.generation().volumes().forEach(volume -> volumes.addAll(volume.needs()));
    }
    for (ContainerInfo container : world.engine.containers(Map.of(Labels.OURS, "1"))) {
      assertTrue(containers.contains(container.name()), what + ": left over " + container.name());
    }
    Set<String> there = new TreeSet<>();
    world.engine.volumes(Map.of(Labels.OURS, "1")).forEach(volume -> there.add(volume.name()));
    // What a note names is for a person to look at, until the next run.
    String notes = at.control.receipt(at.journal.history().getFirst().id()).notes().toString();
    there.removeIf(volume -> !volumes.contains(volume) && notes.contains(volume));
    assertEquals(volumes, there, what + ": volumes");
  }

  /** What a generation sees of its main volume. */
  public static List<String> rows(FakeHost world, OrchestratorFixture at, int generation) {
    return at.journal.generations().stream()
        .map(GenerationRecord::generation)
        .filter(each -> each.number() == generation)
        .map(each -> world.data.seen(each.volumes().getFirst()))
        .findFirst()
        .orElseThrow();
  }

  /** Version that serves. */
  public static @Nullable String serves(OrchestratorFixture at) {
    return at.journal.serving().map(Generation::version).orElse(null);
  }
}
