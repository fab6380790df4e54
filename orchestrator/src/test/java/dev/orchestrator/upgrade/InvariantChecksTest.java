package dev.orchestrator.upgrade;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.journal.InvariantRecord;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.report.Plan;
import dev.orchestrator.settings.Expectation;
import dev.orchestrator.settings.Invariant;
import dev.orchestrator.settings.RehearseSettings;
import dev.orchestrator.settings.RehearseSettings.Mode;
import dev.orchestrator.testing.FakeHost;
import dev.orchestrator.testing.InMemoryFolder;
import dev.orchestrator.testing.Invariants;
import dev.orchestrator.testing.OrchestratorFixture;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Figures of the data that an upgrade must keep, on a host in memory, whose clients write a row
 * before each operation.
 */
class InvariantChecksTest {
  private static final Invariant ROWS = invariant("rows", "db", ">= before", true);

  @TempDir(factory = InMemoryFolder.class)
  Path home;

  private final FakeHost host = new FakeHost();
  private @Nullable OrchestratorFixture running;

  @AfterEach
  void end() {
    service().close();
  }

  private static Invariant invariant(String name, String service, String expect, boolean bake) {
    return new Invariant(
        name,
        service,
        new Invariant.Table("", "row"),
        Expectation.parse(expect),
        Duration.ofSeconds(10),
        bake);
  }

  private OrchestratorFixture service() {
    if (running == null) {
      throw new IllegalStateException("serve first");
    }
    return running;
  }

  private void serve(Mode mode, Invariant... invariants) {
    running =
        new OrchestratorFixture(
            host,
            home,
            OrchestratorFixture.COPY_AND_RESTORE,
            stack ->
                stack
                    .withUpgrade(stack.upgrade().withRehearse(RehearseSettings.OFF.with(mode)))
                    .withInvariants(List.of(invariants)));
    service().control.up("v1");
    OrchestratorFixture.writeBeforeEachOperation(host, this::service, (operation, number) -> {});
  }

  private UpgradeRecord upgrade(String version) {
    return service().journal.upgrade(service().control.upgrade(version)).orElseThrow();
  }

  private Receipt receipt(UpgradeRecord run) {
    return service().control.receipt(run.id());
  }

  private static List<String> found(Receipt receipt) {
    return receipt.invariants().stream()
        .map(each -> each.step() + " " + each.name() + " " + each.good())
        .toList();
  }

  @Test
  void whatIsKeptIsInPlanReceiptAndStatus() {
    serve(Mode.OFF, ROWS);
    Plan plan = service().control.plan("v2", DataOptions.NONE);
    assertEquals(1, plan.invariants().size());
    assertTrue(
        plan.invariants()
            .getFirst()
            .matches("invariant rows: rows of row of db, [0-9]+ now, must be >= before"),
        plan.invariants().toString());
    UpgradeRecord run = upgrade("v2");
    assertEquals(Outcome.DONE, run.outcome(), run.reason());
    assertEquals(List.of("verify rows true"), found(receipt(run)));
    assertEquals(receipt(run).invariants(), service().control.status().invariants());
    Invariants.assertHold(host, service(), "upgraded");
  }

  /** The last figure before is of the moment at which no client writes any more. */
  @Test
  void noWriteOfAClientComesBetweenTheTwoFigures() {
    serve(Mode.OFF, invariant("rows", "db", "= before", false));
    UpgradeRecord run = upgrade("v2");
    assertEquals(Outcome.DONE, run.outcome(), run.reason());
    InvariantRecord rows = receipt(run).invariants().getFirst();
    assertEquals(List.of(rows.after()), rows.before());
  }

  @Test
  void lostRowsAreFoundInTheRehearsalAndNobodyWaits() {
    serve(Mode.ON, ROWS);
    host.losingRows.add("v3");
    UpgradeRecord run = upgrade("v3");
    assertEquals(Outcome.ROLLED_BACK, run.outcome());
    assertTrue(
        run.reason()
            .matches(
                "rehearse: invariant rows \\(db\\): [0-9]+ to [0-9]+ before, 0 after, expected >="
                    + " before; found in a rehearsal, no client has waited"),
        run.reason());
    assertNull(receipt(run).traffic(), "nobody was held");
    assertEquals(List.of("rehearse rows false"), found(receipt(run)));
    assertEquals("quarantined", service().control.versions().get(2).state());
    Invariants.assertHold(host, service(), "not upgraded");
  }

  @Test
  void withoutARehearsalLostRowsAreFoundBeforeTheSwitch() {
    serve(Mode.OFF, ROWS);
    host.losingRows.add("v3");
    UpgradeRecord run = upgrade("v3");
    assertEquals(Outcome.ROLLED_BACK, run.outcome());
    assertTrue(run.reason().startsWith("verify: invariant rows (db): "), run.reason());
    assertEquals("v1", Invariants.servingVersion(service()));
    assertEquals("quarantined", service().control.versions().get(2).state());
    assertFalse(service().control.status().invariants().getFirst().good());
    Invariants.assertHold(host, service(), "released to v1");
  }

  @Test
  void rowsThatAreLostAfterTheSwitchRollBack() {
    serve(Mode.OFF, ROWS);
    OrchestratorFixture.writeBeforeEachOperation(
        host,
        this::service,
        (operation, number) -> {
          if (Invariants.servingVersion(service()).equals("v2")) {
            host.losingRows.add("v2");
          }
        });
    UpgradeRecord run = upgrade("v2");
    assertEquals(Outcome.ROLLED_BACK, run.outcome());
    assertTrue(
        run.reason().startsWith("bake: unhealthy in the bake window, 3 times in a row: invariant"),
        run.reason());
    assertEquals("v1", Invariants.servingVersion(service()));
    assertEquals(List.of("verify rows true", "bake rows false"), found(receipt(run)));
  }

  /** Clients write in the bake, so that only a lower bound goes on to hold. */
  @Test
  void whatClientsChangeAnywayIsNotAskedInTheBake() {
    serve(Mode.OFF, invariant("same", "db", "= before", false));
    assertEquals(Outcome.DONE, upgrade("v2").outcome());
  }

  @Test
  void anInvariantThatCannotBeAskedIsFoundBeforeAnythingChanges() {
    serve(Mode.ON, ROWS);
    host.unanswered.add("rows");
    String refusal =
        "v1 can't be asked for its figures (invariant rows: no answer): mend `invariants` in"
            + " stack.conf";
    assertEquals(
        refusal,
        assertThrows(RefusedException.class, () -> service().control.plan("v2", DataOptions.NONE))
            .getMessage());
    UpgradeRecord run = upgrade("v2");
    assertEquals(Outcome.REFUSED, run.outcome());
    assertEquals(refusal, run.reason());
    Invariants.assertHold(host, service(), "refused");
  }

  @Test
  void anInvariantOfAServiceThatTheOldVersionLacksIsLeftOut() {
    serve(Mode.ON, invariant("index", "search", "> 0", true));
    UpgradeRecord run = upgrade("v2");
    assertEquals(Outcome.DONE, run.outcome(), run.reason());
    assertEquals(
        "invariant index is left out, as v1 has no service search",
        receipt(run).invariants().getFirst().problem());
  }

  @Test
  void aRehearsalThatHasNotComparedAFigureIsRepeated() {
    serve(Mode.OFF);
    String first = service().control.rehearse("v2");
    service().close();
    running =
        new OrchestratorFixture(
            host,
            home,
            OrchestratorFixture.COPY_AND_RESTORE,
            stack ->
                stack
                    .withUpgrade(stack.upgrade().withRehearse(RehearseSettings.OFF.with(Mode.ON)))
                    .withInvariants(List.of(ROWS)));
    service().replayJournal();
    UpgradeRecord run = upgrade("v2");
    assertEquals(Outcome.DONE, run.outcome(), run.reason());
    assertEquals(run.id(), service().journal.rehearsal("v2").orElseThrow().run(), first);
    assertEquals(List.of("rehearse rows true", "verify rows true"), found(receipt(run)));
  }
}
