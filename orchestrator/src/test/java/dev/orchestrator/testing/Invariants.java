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
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Conditions that must hold when no run is under way, whatever faults have struck. */
public final class Invariants {
  private final FakeHost host;
  private final OrchestratorFixture service;
  private final String context;

  private Invariants(FakeHost host, OrchestratorFixture service, String context) {
    this.host = host;
    this.service = service;
    this.context = context;
  }

  /**
   * Asserts that no run is under way, one version serves, clients reach it, every acknowledged row
   * is there or set aside, nothing was written below a clone, and the engine has nothing that the
   * journal does not know.
   */
  public static void assertHold(FakeHost host, OrchestratorFixture service, String context) {
    Invariants invariants = new Invariants(host, service, context);
    assertTrue(service.journal.running().isEmpty(), context + ": a run has not ended");
    for (UpgradeRecord run : service.journal.history()) {
      assertTrue(run.outcome() != Outcome.NEEDS_ATTENTION, context + ": " + run);
      assertTrue(run.outcome() == Outcome.DONE || !run.reason().isEmpty(), context + ": no reason");
    }
    assertEquals(List.of(), host.violations, context);
    if (host.project.exists()) {
      invariants.assertProjectOrStackServes();
      return;
    }
    Generation serving = service.journal.serving().orElseThrow();
    assertEquals(Set.of(serving.container()), host.activeWriters(), context + ": writers");
    assertEquals(
        serving.container(), service.traffic.reachedContainer(), context + ": clients reach");
    invariants.assertNoRowLost(serving);
    invariants.assertNothingLeftOver();
  }

  /** After an adoption, or one that was undone, either the project serves or the stack. */
  private void assertProjectOrStackServes() {
    assertTrue(!host.project.redirected, context + ": connections are redirected still");
    Optional<Generation> serving = service.journal.serving();
    Set<String> expected = Set.of(serving.map(Generation::container).orElse(FakeProject.DB));
    assertEquals(expected, host.activeWriters(), context + ": writers");
    assertEquals(
        expected.iterator().next(),
        host.project.reached(service.traffic),
        context + ": clients reach");
    if (serving.isPresent()) {
      assertTrue(host.project.isPutAway(), context + ": the project is not put away");
      assertNoRowLost(serving.get());
    } else {
      assertTrue(host.project.isUp(), context + ": the project does not run as before");
      assertNoRowOfProjectLost();
    }
    // What a rollback to the project could not remove is told, and goes with the next run.
    boolean told =
        service.journal.history().stream()
            .findFirst()
            .map(run -> service.control.receipt(run.id()).notes().toString())
            .filter(notes -> notes.contains("retain failed, and project photos serves"))
            .isPresent();
    if (!told) {
      assertNothingLeftOver();
    }
  }

  /** What was written to a stack that is left goes with it, unless it is set aside. */
  private void assertNoRowOfProjectLost() {
    Set<String> readable = new HashSet<>(rowsOfProject());
    for (GenerationRecord row : presentGenerations()) {
      row.generation().volumes().forEach(each -> readable.addAll(host.volumes.readRows(each)));
    }
    List<String> missing = new ArrayList<>(host.acknowledgedRows);
    missing.removeAll(readable);
    boolean returned =
        service.journal.history().stream()
            .anyMatch(run -> run.returnsToOriginal() && run.outcome() == Outcome.DONE);
    missing.removeIf(row -> returned && !row.endsWith("by original"));
    assertEquals(List.of(), missing, context + ": lost of the project");
    List<String> setAside = new ArrayList<>(host.acknowledgedRows);
    setAside.removeAll(rowsOfProject());
    if (!returned && !setAside.isEmpty()) {
      assertTold("is not in project photos: it is kept in volume", "");
    }
  }

  /** Asserts that a receipt says what only one of the project and the stack has, and where. */
  private void assertTold(String what, String where) {
    assertTrue(
        service.journal.history().stream()
            .flatMap(run -> service.control.receipt(run.id()).notes().stream())
            .anyMatch(note -> note.contains(what) && note.contains(where)),
        context + ": nobody is told that " + what);
  }

  private boolean isReturned() {
    return service.journal.history().stream().anyMatch(UpgradeRecord::returnsToOriginal);
  }

  private List<String> rowsOfProject() {
    return host.volumes.readRows(
        DataVolume.plain("db", FakeProject.VOLUME, DataVolume.Method.NEW, List.of()));
  }

  private List<GenerationRecord> presentGenerations() {
    return service.journal.generations().stream()
        .filter(row -> row.state() != State.REMOVED)
        .toList();
  }

  /**
   * A kept version that a rollback went to and was led away from again has the writes of that time
   * in its own volume, where the next rollback finds them; the receipt names it.
   */
  private boolean isNamedInANote(Generation generation) {
    return service.journal.history().stream()
        .flatMap(run -> service.control.receipt(run.id()).notes().stream())
        .filter(note -> note.contains("set aside in volume"))
        .anyMatch(note ->
            generation.volumes().stream().anyMatch(volume -> note.contains(volume.volume())));
  }

  private void assertNoRowLost(Generation serving) {
    for (DataVolume volume : serving.volumes()) {
      Set<String> readable = new HashSet<>(host.volumes.readRows(volume));
      for (GenerationRecord row : presentGenerations()) {
        if (row.state() == State.SET_ASIDE
            || row.state() == State.SNAPSHOT
            || (row.state() == State.KEPT && isNamedInANote(row.generation()))) {
          DataPlanner.findVolume(row.generation(), volume.name())
              .ifPresent(newer -> readable.addAll(host.volumes.readRows(newer)));
        }
      }
      List<String> missing = new ArrayList<>(host.acknowledgedRows);
      missing.removeAll(readable);
      if (isReturned()) {
        // A return that failed after its start of the project leaves what was written to that
        // there, and says so.
        if (missing.removeAll(rowsOfProject())) {
          assertTold("what clients may have written to it is not in the stack", FakeProject.VOLUME);
        }
      }
      assertEquals(List.of(), missing, context + ": lost of " + volume);
      List<String> duplicates = new ArrayList<>(host.volumes.readRows(volume));
      new HashSet<>(duplicates).forEach(duplicates::remove);
      assertEquals(List.of(), duplicates, context + ": twice in " + volume);
    }
    for (GenerationRecord row : presentGenerations()) {
      for (DataVolume volume : row.generation().volumes()) {
        assertTrue(host.volumes.isUnchangedBelow(volume), context + ": written below " + volume);
      }
    }
  }

  private void assertNothingLeftOver() {
    Set<String> containers = new TreeSet<>();
    Set<String> volumes = new TreeSet<>();
    for (GenerationRecord row : presentGenerations()) {
      assertTrue(row.state() != State.CANDIDATE, context + ": a candidate is left");
      containers.add(row.generation().container());
      if (row.state() != State.SNAPSHOT) {
        volumes.add(row.generation().storeVolume());
      }
      row.generation().volumes().forEach(volume -> volumes.addAll(volume.needs()));
    }
    List<ContainerInfo> all = new ArrayList<>(host.engine.containers(Map.of(Labels.OURS, "1")));
    all.addAll(host.otherEngine.containers(Map.of(Labels.OURS, "1")));
    for (ContainerInfo container : all) {
      assertTrue(
          containers.contains(container.name()), context + ": left over " + container.name());
    }
    assertEquals(List.of(), host.engine.networks(Map.of()), context + ": networks are left");
    Set<String> found = new TreeSet<>();
    host.engine.volumes(Map.of(Labels.OURS, "1")).forEach(volume -> found.add(volume.name()));
    host.otherEngine.volumes(Map.of(Labels.OURS, "1")).forEach(volume -> found.add(volume.name()));
    // A volume that a note names is kept for a person until the next run.
    String notes =
        service.journal.history().stream()
            .findFirst()
            .map(run -> service.control.receipt(run.id()).notes().toString())
            .orElse("");
    found.removeIf(volume -> !volumes.contains(volume) && notes.contains(volume));
    // Of a capsule of the other host that does not serve: it goes with that.
    String serving =
        service.journal.serving().map(Generation::container).orElse("nothing") + "-owner";
    found.removeIf(volume -> volume.endsWith("-owner") && !volume.equals(serving));
    assertEquals(volumes, found, context + ": volumes");
  }

  /** The rows that a generation sees in its main volume. */
  public static List<String> readRows(FakeHost host, OrchestratorFixture service, int generation) {
    return service.journal.generations().stream()
        .map(GenerationRecord::generation)
        .filter(each -> each.number() == generation)
        .map(each -> host.volumes.readRows(each.volumes().getFirst()))
        .findFirst()
        .orElseThrow();
  }

  /** The version that serves, or null. */
  public static @Nullable String servingVersion(OrchestratorFixture service) {
    return service.journal.serving().map(Generation::version).orElse(null);
  }
}
