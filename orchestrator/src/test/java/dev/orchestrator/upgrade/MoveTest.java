package dev.orchestrator.upgrade;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.compose.HostGrants;
import dev.orchestrator.data.DataVolume;
import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.Generation.State;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.settings.DataSettings.Rollback;
import dev.orchestrator.stack.Control;
import dev.orchestrator.testing.FakeHost;
import dev.orchestrator.testing.InMemoryFolder;
import dev.orchestrator.testing.OrchestratorFixture;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MoveTest {
  private static final String THERE = "ssh://other";

  @TempDir(factory = InMemoryFolder.class)
  Path home;

  private final FakeHost host = new FakeHost();
  private OrchestratorFixture service;

  @BeforeEach
  void up() {
    service = new OrchestratorFixture(host, home);
    service.control.up("v1");
  }

  @AfterEach
  void close() {
    service.close();
  }

  private UpgradeRecord move() {
    return service.journal.upgrade(service.control.move(THERE, false)).orElseThrow();
  }

  private void write() {
    host.writeRow(service.traffic.reachedContainer());
  }

  private Generation serving() {
    return service.journal.serving().orElseThrow();
  }

  private List<String> rows(Generation generation) {
    return host.volumes.readRows(generation.volumes().getFirst());
  }

  private boolean runsThere(String container) {
    return host.otherEngine.container(container).filter(ContainerInfo::running).isPresent();
  }

  @Test
  void theVersionServesOnTheOtherHostWithItsDataAndIsKeptHere() {
    write();
    UpgradeRecord run = move();
    assertEquals(Outcome.DONE, run.outcome(), run.reason());
    write();
    Generation now = serving();
    assertEquals("v1", now.version());
    assertNotNull(now.elsewhere());
    assertTrue(runsThere(now.container()));
    assertEquals(host.acknowledgedRows, rows(now));
    assertEquals(now.container(), service.traffic.reachedContainer());
    assertEquals(State.KEPT, service.journal.generations().getFirst().state());
    assertEquals(
        List.of(),
        host.engine.containers(Map.of(Labels.OURS, "1")).stream()
            .filter(ContainerInfo::running)
            .toList());
  }

  @Test
  void aRollbackBringsItBackWithWhatWasWrittenThere() {
    UpgradeRecord _ = move();
    write();
    String there = serving().container();
    String id = service.control.rollback(DataOptions.forRollback(Rollback.CARRY));
    UpgradeRecord run = service.journal.upgrade(id).orElseThrow();
    assertEquals(Outcome.DONE, run.outcome(), run.reason());
    assertEquals(null, serving().elsewhere());
    assertEquals(host.acknowledgedRows, rows(serving()));
    assertTrue(!runsThere(there), "stopped there");
  }

  @Test
  void whileItServesThereItIsNotUpgradedOrMovedFromHere() {
    UpgradeRecord _ = move();
    RefusedException upgrade =
        assertThrows(RefusedException.class, () -> service.control.upgrade("v2"));
    assertTrue(String.valueOf(upgrade.getMessage()).contains(THERE), upgrade.toString());
    assertThrows(RefusedException.class, () -> service.control.move(THERE, false));
  }

  @Test
  void aCapsuleThatEndsThereIsStartedThere() {
    UpgradeRecord _ = move();
    String container = serving().container();
    host.otherEngine.exit(container, 137);
    service.superviseOnce();
    assertTrue(runsThere(container));
    write();
    assertEquals(host.acknowledgedRows, rows(serving()));
  }

  @Test
  void anotherHostThatStopsAnsweringHoldsNobodyUp() {
    write();
    service.eventListener =
        event -> {
          if (event.step().equals("verify") && event.phase().equals("intent")) {
            host.otherIsAway = true;
          }
        };
    UpgradeRecord run = move();
    assertEquals(Outcome.ROLLED_BACK, run.outcome(), run.reason());
    assertEquals(null, serving().elsewhere());
    write();
    assertEquals(host.acknowledgedRows, rows(serving()));
    String notes = service.control.receipt(run.id()).notes().toString();
    assertTrue(notes.contains("the other host does not answer"), notes);

    service.superviseOnce();
    assertTrue(
        !host.withoutOutage(() -> host.otherEngine.volumes(Map.of(Labels.OURS, "1"))).isEmpty(),
        "it is away still");

    // What is left goes when that host answers again.
    host.otherIsAway = false;
    service.superviseOnce();
    assertNothingIsThere();
  }

  private void assertNothingIsThere() {
    assertEquals(List.of(), host.otherEngine.containers(Map.of(Labels.OURS, "1")));
    assertEquals(List.of(), host.otherEngine.volumes(Map.of(Labels.OURS, "1")));
    assertEquals(List.of(), host.otherEngine.images(Map.of()));
  }

  @Test
  void whatIsLeftOnAnotherHostGoesAfterARestartOfTheServiceToo() {
    service.eventListener =
        event -> {
          if (event.step().equals("start") && event.phase().equals("intent")) {
            host.otherIsAway = true;
          }
        };
    assertEquals(Outcome.ROLLED_BACK, move().outcome());
    service.close();
    service = new OrchestratorFixture(host, home);
    service.replayJournal();
    host.otherIsAway = false;
    service.superviseOnce();
    assertNothingIsThere();
  }

  /** The candidate of a run that is under way is the run's alone. */
  @Test
  void whatARunMakesOnAnotherHostIsNotTakenForALeftover() {
    service.eventListener =
        event -> {
          if (event.phase().equals("intent")) {
            service.control.reconciler().removeLeftElsewhere();
          }
        };
    UpgradeRecord run = move();
    assertEquals(Outcome.DONE, run.outcome(), run.reason());
    service.superviseOnce();
    assertTrue(runsThere(serving().container()));
  }

  @Test
  void anotherHostThatIsAwayLetsRunsHereGoOn() {
    UpgradeRecord _ = move();
    String _ = service.control.rollback(DataOptions.forRollback(Rollback.RESTORE));
    assertEquals(null, serving().elsewhere());
    host.otherIsAway = true;
    String id = service.control.upgrade("v2");
    assertEquals(Outcome.DONE, service.journal.upgrade(id).orElseThrow().outcome());
  }

  @Test
  void whatIsOfThisHostAloneDoesNotMove() {
    host.grantsByImage.put(
        "orchestrator/shop:v1",
        new HostGrants(
            false,
            List.of(new HostGrants.Path("/srv/media", true, "rprivate")),
            List.of(),
            List.of(),
            List.of(),
            Map.of(),
            ""));
    UpgradeRecord run = move();
    assertEquals(Outcome.REFUSED, run.outcome());
    assertTrue(run.reason().contains("/srv/media"), run.reason());
    assertEquals(List.of(), host.otherEngine.images(Map.of()));
  }

  @Test
  void anEngineWithoutRoomIsRefusedAndLeftAsItWas() {
    host.usedBytes = 2_000_000_000_000L;
    UpgradeRecord run = move();
    assertEquals(Outcome.REFUSED, run.outcome());
    assertTrue(run.reason().contains("not enough space at " + THERE), run.reason());
    assertEquals(List.of(), host.otherEngine.images(Map.of()));
    assertEquals(List.of(), host.otherEngine.volumes(Map.of()));
    DataVolume data = serving().volumes().getFirst();
    assertEquals(host.acknowledgedRows, host.volumes.readRows(data));
  }

  @Test
  void downWithVolumesRemovesItThereToo() {
    UpgradeRecord _ = move();
    int _ = service.control.down(Control.Removal.VOLUMES);
    assertEquals(List.of(), host.otherEngine.containers(Map.of(Labels.OURS, "1")));
    assertEquals(List.of(), host.otherEngine.volumes(Map.of(Labels.OURS, "1")));
  }
}
