package dev.orchestrator.upgrade;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.capsule.DatabaseSchema;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.compose.HostGrants;
import dev.orchestrator.journal.ReversalRecord;
import dev.orchestrator.journal.ReversalRecord.Label;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.settings.DataSettings.Quiesce;
import dev.orchestrator.settings.DataSettings.Rollback;
import dev.orchestrator.settings.DataSettings.Strategy;
import dev.orchestrator.settings.RehearseSettings;
import dev.orchestrator.settings.RehearseSettings.Mode;
import dev.orchestrator.settings.UpgradeSettings.OneWay;
import dev.orchestrator.testing.FakeHost;
import dev.orchestrator.testing.InMemoryFolder;
import dev.orchestrator.testing.Invariants;
import dev.orchestrator.testing.OrchestratorFixture;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The way back from a version, as a rehearsal of it finds it out, on a host in memory. */
class ReversalsTest {
  private static final DataOptions ACCEPTED =
      new DataOptions(null, false, false, List.of(), null, true);

  @TempDir(factory = InMemoryFolder.class)
  Path home;

  private final FakeHost host = new FakeHost();
  private @Nullable OrchestratorFixture running;

  @AfterEach
  void end() {
    service().close();
  }

  private OrchestratorFixture service() {
    if (running == null) {
      throw new IllegalStateException("serve first");
    }
    return running;
  }

  private void serve() {
    begin(OneWay.REFUSE);
    service().control.up("v1");
  }

  private void begin(OneWay policy) {
    running =
        new OrchestratorFixture(
            host,
            home,
            OrchestratorFixture.dataSettings(Strategy.COPY, Quiesce.STOP, Rollback.ASK),
            stack ->
                stack.withUpgrade(
                    stack
                        .upgrade()
                        .withRehearse(RehearseSettings.OFF.with(Mode.ON))
                        .withOneWay(policy)));
  }

  private UpgradeRecord upgrade(DataOptions options) {
    return recordOf(service().control.upgrade("v2", options, RehearsalOptions.AS_CONFIGURED));
  }

  private UpgradeRecord recordOf(String run) {
    return service().journal.upgrade(run).orElseThrow();
  }

  private String notes(UpgradeRecord run) {
    return service().control.receipt(run.id()).notes().toString();
  }

  private @Nullable ReversalRecord wayBack() {
    return service().control.versions().get(1).reversal();
  }

  private Label label() {
    ReversalRecord known = wayBack();
    if (known == null) {
      throw new AssertionError("nothing is known of the way back");
    }
    return known.label();
  }

  /** What v2 writes to on the host is of one state only. */
  private void shareAPathOfTheHost() {
    host.grantsByImage.put(
        "orchestrator/shop:v2",
        new HostGrants(
            false,
            List.of(new HostGrants.Path("/srv/media", false, "rprivate")),
            List.of(),
            List.of(),
            List.of(),
            Map.of(),
            ""));
  }

  private static DatabaseSchema schema(Map<String, String> tables, List<String> migrations) {
    return new DatabaseSchema(
        "db", "shop", Map.of(), tables, Map.of("flyway_schema_history", migrations));
  }

  @Test
  void anOldVersionThatIsHealthyOnTheNewDataIsTold() {
    serve();
    host.schemas.put("v1", List.of(schema(Map.of("book", "1", "old", "1"), List.of("1", "2"))));
    host.schemas.put(
        "v2", List.of(schema(Map.of("book", "2", "loan", "1"), List.of("1", "2", "3", "4"))));
    UpgradeRecord run = upgrade(DataOptions.NONE);
    assertEquals(Outcome.DONE, run.outcome(), run.reason());
    assertEquals(Label.REVERSIBLE, label());
    assertTrue(
        notes(run)
            .contains(
                "changed by v2: db shop: flyway_schema_history: 3, 4 ran; tables added: loan;"
                    + " tables changed: book; tables removed: old"),
        notes(run));
    assertTrue(
        notes(run).contains("way back: v2 is reversible: v1 is healthy on its data"), notes(run));
    Invariants.assertHold(host, service(), "upgraded");
    assertEquals(
        Outcome.DONE,
        recordOf(service().control.rollback(DataOptions.forRollback(Rollback.CARRY))).outcome());
  }

  @Test
  void anOldVersionThatFailsOnTheNewDataIsNotStartedOnItLater() {
    serve();
    host.v1RejectsDataOfV2 = true;
    UpgradeRecord run = upgrade(DataOptions.NONE);
    assertEquals(Outcome.DONE, run.outcome(), run.reason());
    assertEquals(Label.SNAPSHOT_ONLY, label());
    String found =
        "v2 is snapshot only: v1 does not work on its data (db: its data is of a newer version)";
    assertTrue(notes(run).contains("way back: " + found), notes(run));

    assertEquals(List.of("carry is refused: " + found), service().control.rollbackCost().notes());
    RefusedException refused =
        assertThrows(
            RefusedException.class,
            () -> service().control.rollback(DataOptions.forRollback(Rollback.CARRY)));
    assertEquals(
        "--data carry would fail, as the rehearsal in %s has found: %s; --data restore goes back to the data as of the switch"
            .formatted(run.id(), found),
        refused.getMessage());
    assertEquals(
        Outcome.DONE,
        recordOf(service().control.rollback(DataOptions.forRollback(Rollback.RESTORE))).outcome());
    Invariants.assertHold(host, service(), "rolled back");
  }

  @Test
  void aVersionFromWhichNothingLeadsBackIsFoundBeforeOneClientHasWaited() {
    serve();
    host.v1RejectsDataOfV2 = true;
    shareAPathOfTheHost();
    UpgradeRecord run = upgrade(DataOptions.NONE);
    String refusal =
        "v2 is one-way: v1 does not work on its data (db: its data is of a newer version; not kept"
            + " as of the switch: /srv/media): make a snapshot or a backup of what is not kept, and"
            + " then give --accept-one-way, or set upgrade.one-way = accept";
    assertEquals(Outcome.ROLLED_BACK, run.outcome());
    assertEquals("rehearse: " + refusal, run.reason());
    assertNull(service().control.receipt(run.id()).traffic(), "nobody was held");
    assertEquals("available", service().control.versions().get(1).state(), "it is not bad");
    Invariants.assertHold(host, service(), "not upgraded");

    assertEquals(
        refusal,
        assertThrows(RefusedException.class, () -> service().control.plan("v2", DataOptions.NONE))
            .getMessage());
    UpgradeRecord again = upgrade(DataOptions.NONE);
    assertEquals(Outcome.REFUSED, again.outcome());
    assertEquals(refusal, again.reason());

    assertEquals(
        Label.ONE_WAY,
        Objects.requireNonNull(service().control.plan("v2", ACCEPTED).reversal()).label());
    UpgradeRecord accepted = upgrade(ACCEPTED);
    assertEquals(Outcome.DONE, accepted.outcome(), accepted.reason());
    assertTrue(notes(accepted).contains("not rehearsed again"), notes(accepted));
    Invariants.assertHold(host, service(), "upgraded");
  }

  @Test
  void aStackMayAcceptThatNothingLeadsBack() {
    serve();
    service().close();
    begin(OneWay.ACCEPT);
    service().replayJournal();
    host.v1RejectsDataOfV2 = true;
    shareAPathOfTheHost();
    UpgradeRecord run = upgrade(DataOptions.NONE);
    assertEquals(Outcome.DONE, run.outcome(), run.reason());
    assertEquals(Label.ONE_WAY, label());
  }

  @Test
  void aRehearsalAloneTellsTheWayBackAndRefusesNothing() {
    serve();
    host.v1RejectsDataOfV2 = true;
    shareAPathOfTheHost();
    assertEquals(Outcome.DONE, recordOf(service().control.rehearse("v2")).outcome());
    assertEquals(Label.ONE_WAY, label());
    Invariants.assertHold(host, service(), "rehearsed");
  }

  @Test
  void aDatabaseThatGoesBackAReleaseSeriesIsNamed() {
    serve();
    host.databasesByImage.put("orchestrator/shop:v1", Map.of("db", "MariaDB 10.11"));
    host.databasesByImage.put("orchestrator/shop:v2", Map.of("db", "MariaDB 11.8"));
    assertEquals(Outcome.DONE, upgrade(DataOptions.NONE).outcome());
    assertEquals(
        List.of(
            "db: with carry MariaDB 10.11 opens files of MariaDB 11.8, which no database promises"
                + " to work; it did in the rehearsal"),
        service().control.rollbackCost().notes());
  }

  @Test
  void aServiceThatIsKilledOnTheWayBackTriesItAgain() {
    serve();
    host.v1RejectsDataOfV2 = true;
    host.faults =
        new FakeHost.Faults() {
          private boolean rehearsed;

          @Override
          public void before(String operation, int number) {
            boolean old =
                operation.equals("capsule.start") && service().journal.rehearsal("v2").isPresent();
            if (old && !rehearsed) {
              rehearsed = true;
              throw new FakeHost.ProcessKilledError(operation);
            }
          }
        };
    assertThrows(FakeHost.ProcessKilledError.class, () -> upgrade(DataOptions.NONE));
    assertNull(wayBack());
    service().close();
    begin(OneWay.REFUSE);
    service().replayJournal();
    UpgradeRecord run = service().journal.history().getFirst();
    assertEquals(Outcome.DONE, run.outcome(), run.reason());
    assertEquals(Label.SNAPSHOT_ONLY, label());
    Invariants.assertHold(host, service(), "went on");
  }

  @Test
  void whatAnotherContentHasDoneSaysNothing() throws Exception {
    serve();
    host.v1RejectsDataOfV2 = true;
    shareAPathOfTheHost();
    String _ = service().control.rehearse("v2");
    host.v1RejectsDataOfV2 = false;
    Files.writeString(
        home.resolve("stacks/shop/releases/v2/compose.yaml"), "services: { db: {} }\n");
    UpgradeRecord run = upgrade(DataOptions.NONE);
    assertEquals(Outcome.DONE, run.outcome(), run.reason());
    assertEquals(Label.REVERSIBLE, label());
    assertFalse(notes(run).contains("one-way"), notes(run));
  }
}
