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
  private final FakeHost host;
  private final OrchestratorFixture at;
  private final String what;

  private Invariants(FakeHost host, OrchestratorFixture at, String what) {
    this.host = host;
    this.at = at;
    this.what = what;
  }

  /**
   * Nothing runs, one version serves, clients reach it, all that was acknowledged is there or is
   * set aside, nothing was written below a clone, and nothing is left that the journal doesn't
   * know.
   */
  public static void assertWhole(FakeHost host, OrchestratorFixture at, String what) {
    Invariants check = new Invariants(host, at, what);
    assertTrue(at.journal.running().isEmpty(), what + ": a run has not ended");
    for (UpgradeRecord run : at.journal.history()) {
      assertTrue(run.outcome() != Outcome.NEEDS_ATTENTION, what + ": " + run);
      assertTrue(run.outcome() == Outcome.DONE || !run.reason().isEmpty(), what + ": no reason");
    }
    assertEquals(List.of(), host.violations, what);
    Generation serving = at.journal.serving().orElseThrow();
    assertEquals(Set.of(serving.container()), host.alive(), what + ": writers");
    assertEquals(serving.container(), at.traffic.reaches(), what + ": clients reach");
    check.data(serving);
    check.nothingLeft();
  }

  private List<GenerationRecord> rows() {
    return at.journal.generations().stream().filter(row -> row.state() != State.REMOVED).toList();
  }

  private void data(Generation serving) {
    for (DataVolume volume : serving.volumes()) {
      Set<String> kept = new HashSet<>(host.data.seen(volume));
      for (GenerationRecord row : rows()) {
        if (row.state() == State.SET_ASIDE) {
          DataPlanner.named(row.generation(), volume.name())
              .ifPresent(newer -> kept.addAll(host.data.seen(newer)));
        }
      }
      List<String> missing = new ArrayList<>(host.acknowledged);
      missing.removeAll(kept);
      assertEquals(List.of(), missing, what + ": lost of " + volume);
      List<String> twice = new ArrayList<>(host.data.seen(volume));
      new HashSet<>(twice).forEach(twice::remove);
      assertEquals(List.of(), twice, what + ": twice in " + volume);
    }
    for (GenerationRecord row : rows()) {
      for (DataVolume volume : row.generation().volumes()) {
        assertTrue(host.data.whole(volume), what + ": written below " + volume);
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
    for (ContainerInfo container : host.engine.containers(Map.of(Labels.OURS, "1"))) {
      assertTrue(containers.contains(container.name()), what + ": left over " + container.name());
    }
    Set<String> there = new TreeSet<>();
    host.engine.volumes(Map.of(Labels.OURS, "1")).forEach(volume -> there.add(volume.name()));
    // What a note names is for a person to look at, until the next run.
    String notes = at.control.receipt(at.journal.history().getFirst().id()).notes().toString();
    there.removeIf(volume -> !volumes.contains(volume) && notes.contains(volume));
    assertEquals(volumes, there, what + ": volumes");
  }

  /** What a generation sees of its main volume. */
  public static List<String> rows(FakeHost host, OrchestratorFixture at, int generation) {
    return at.journal.generations().stream()
        .map(GenerationRecord::generation)
        .filter(each -> each.number() == generation)
        .map(each -> host.data.seen(each.volumes().getFirst()))
        .findFirst()
        .orElseThrow();
  }

  /** Version that serves. */
  public static @Nullable String serves(OrchestratorFixture at) {
    return at.journal.serving().map(Generation::version).orElse(null);
  }
}
