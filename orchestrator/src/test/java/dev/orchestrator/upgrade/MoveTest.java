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
import dev.orchestrator.report.MovePlan;
import dev.orchestrator.report.Status;
import dev.orchestrator.settings.DataSettings.Rollback;
import dev.orchestrator.stack.Control;
import dev.orchestrator.testing.FakeHost;
import dev.orchestrator.testing.InMemoryFolder;
import dev.orchestrator.testing.OrchestratorFixture;
import java.nio.file.Path;
import java.time.Instant;
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
            service.control.reconciler().clearElsewhereOnce();
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
  void fromAHostThatIsGoneForGoodTheStackServesHereAgainAndTheLossIsTold() {
    write();
    List<String> kept = List.copyOf(host.acknowledgedRows);
    UpgradeRecord _ = move();
    write();
    String there = serving().container();
    refuseLost("answers, and has what was written there");

    host.otherEngine.exit(there, 137);
    host.otherIsAway = true;
    RefusedException refused =
        assertThrows(
            RefusedException.class,
            () -> service.control.rollback(DataOptions.forRollback(Rollback.RESTORE)));
    assertTrue(
        String.valueOf(refused.getMessage())
            .contains("'orchestrator rollback --lost' serves here again"),
        refused.toString());
    Status status = service.control.status();
    assertEquals("needs attention", status.state());
    assertTrue(status.attention().contains("rollback --lost"), status.attention());
    assertTrue(doctor().contains("other hosts BAD"), doctor());

    UpgradeRecord run =
        service.journal.upgrade(service.control.rollbackFromLostHost()).orElseThrow();
    assertEquals(Outcome.DONE, run.outcome(), run.reason());
    assertEquals(null, serving().elsewhere());
    assertEquals(kept, rows(serving()));
    assertEquals(serving().container(), service.traffic.reachedContainer());
    String notes = service.control.receipt(run.id()).notes().toString();
    assertTrue(notes.contains("what was written on " + THERE + " since"), notes);
    assertEquals("serving", service.control.status().state());

    // It goes on here, also when more is put away than is kept.
    for (String version : List.of("v2", "v3")) {
      String id = service.control.upgrade(version);
      assertEquals(Outcome.DONE, service.journal.upgrade(id).orElseThrow().outcome());
      String _ = service.control.rollback(DataOptions.forRollback(Rollback.RESTORE));
    }

    // That host was not gone: what runs there must not serve beside what serves here.
    host.otherIsAway = false;
    host.otherEngine.startContainer(there);
    service.superviseOnce();
    assertTrue(!runsThere(there), "stopped there");
    assertTrue(host.otherEngine.container(there).isPresent(), "with what was written to it");
  }

  private void refuseLost(String words) {
    RefusedException refused =
        assertThrows(RefusedException.class, () -> service.control.rollbackFromLostHost());
    assertTrue(String.valueOf(refused.getMessage()).contains(words), refused.toString());
  }

  private String doctor() {
    return service.control.doctor().checks().stream()
        .map(check -> check.name() + " " + check.state())
        .toList()
        .toString();
  }

  @Test
  void aHostThatWasSetUpAnewHasNothingOfTheStackAndIsLostToo() {
    UpgradeRecord _ = move();
    String there = serving().container();
    host.otherEngine.removeContainer(there);
    refuseLost("answers, and has what was written there");
    for (var volume : host.otherEngine.volumes(Map.of(Labels.OURS, "1"))) {
      host.otherEngine.removeVolume(volume.name());
    }
    UpgradeRecord run =
        service.journal.upgrade(service.control.rollbackFromLostHost()).orElseThrow();
    assertEquals(Outcome.DONE, run.outcome(), run.reason());
    assertEquals(null, serving().elsewhere());
  }

  @Test
  void aStackThatServesHereHasNoLostHost() {
    refuseLost("the stack serves on this host");
  }

  @Test
  void aRollbackFromALostHostThatIsCutOffGoesOnAtTheNextStart() {
    UpgradeRecord _ = move();
    host.otherEngine.exit(serving().container(), 137);
    host.otherIsAway = true;
    service.eventListener =
        event -> {
          if (event.step().equals("start") && event.phase().equals("intent")) {
            throw new FakeHost.ProcessKilledError("start");
          }
        };
    assertThrows(FakeHost.ProcessKilledError.class, () -> service.control.rollbackFromLostHost());
    service.close();
    service = new OrchestratorFixture(host, home);
    service.replayJournal();
    assertEquals(null, serving().elsewhere());
    assertEquals(serving().container(), service.traffic.reachedContainer());
  }

  /** What the orchestrator of another host has brought here has that one's names and labels. */
  @Test
  void whatWasMovedHereIsRemovedWithTheStack() {
    service.control.down(Control.Removal.VOLUMES);
    Map<String, String> theirs =
        Map.of(Labels.OURS, "1", Labels.HOME, "ffff", Labels.STACK, "shop", Labels.ROLE, "data");
    for (String removal : List.of("by an upgrade", "by down")) {
      String name = "shop-ffff-g5";
      host.engine.createVolume(name + "-data", theirs, Map.of());
      host.engine.createVolume(name + "-store", theirs, Map.of());
      host.engine.createVolume("shop-ffff-g50-data", theirs, Map.of());
      Generation moved =
          new Generation(
              5,
              "v1",
              "content of v1",
              "orchestrator/shop:v1",
              name,
              List.of(DataVolume.plain("data", name + "-data", DataVolume.Method.NEW, List.of())),
              name + "-store",
              Map.of("db:3306", 3306),
              Instant.EPOCH);
      service.control.attach(moved);
      if (removal.equals("by an upgrade")) {
        String _ = service.control.upgrade("v2");
        assertTrue(names().contains(name + "-data"), "kept for a rollback");
        String _ = service.control.upgrade("v3");
        assertTrue(names().stream().noneMatch(each -> each.startsWith(name + "-")), removal);
      }
      service.control.down(Control.Removal.VOLUMES);
      assertEquals(List.of("shop-ffff-g50-data"), names(), removal);
    }
  }

  private List<String> names() {
    return host.engine.volumes(Map.of(Labels.OURS, "1")).stream().map(each -> each.name()).toList();
  }

  /** The version uses a folder of this host. */
  private void grantMedia() {
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
  }

  @Test
  void whatIsOfThisHostAloneDoesNotMove() {
    grantMedia();
    UpgradeRecord run = move();
    assertEquals(Outcome.REFUSED, run.outcome());
    assertTrue(run.reason().contains("/srv/media"), run.reason());
    assertEquals(List.of(), host.otherEngine.images(Map.of()));
  }

  @Test
  void aPlanTellsEverythingThatSpeaksAgainstAMoveAtOnceAndChangesNothing() {
    MovePlan good = service.control.movePlan(THERE);
    assertEquals(List.of(), good.refusals());
    assertEquals("v1", good.plan().to());
    assertEquals(THERE, good.to());
    assertTrue(good.engine().contains("26.1.5"), good.engine());
    assertTrue(good.holdMillis() >= 0, good.holdBasis());
    assertTrue(good.sent().getFirst().bytes() > 0, "the base image is not there");

    grantMedia();
    host.usedBytes = 2_000_000_000_000L;
    host.unhealthy.add("v1");
    host.otherEngine.createVolume(
        "shop-ffff-g1-data",
        Map.of(Labels.OURS, "1", Labels.HOME, "ffff", Labels.STACK, "shop", Labels.ROLE, "data"));
    String refusals = service.control.movePlan(THERE).refusals().toString();
    for (String words :
        List.of(
            "/srv/media",
            "not enough space at " + THERE,
            "is not healthy",
            "has a stack shop of another orchestrator (volume shop-ffff-g1-data)")) {
      assertTrue(refusals.contains(words), refusals);
    }
    assertEquals(List.of(), host.otherEngine.images(Map.of()));
    assertEquals(1, host.otherEngine.volumes(Map.of()).size());
    assertEquals(List.of(), host.otherEngine.containers(Map.of()));
    assertEquals(1, service.journal.history().size(), "no run");
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
