package dev.orchestrator.upgrade;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.compose.HostGrants;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.health.HealthException;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.report.VersionStatus;
import dev.orchestrator.stack.Control;
import dev.orchestrator.testing.FakeHost;
import dev.orchestrator.testing.InMemoryFolder;
import dev.orchestrator.testing.Invariants;
import dev.orchestrator.testing.OrchestratorFixture;
import dev.orchestrator.upgrade.steps.UpgradePlans;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The saga's logic on a host in memory, with clients that write between any two operations. */
class SagaTest {
  @TempDir(factory = InMemoryFolder.class)
  Path home;

  private FakeHost host;
  private OrchestratorFixture service;

  @BeforeEach
  void start() {
    host = new FakeHost();
    service = new OrchestratorFixture(host, home);
    writeBeforeEachOperation((operation, number) -> {});
  }

  @AfterEach
  void stop() {
    service.close();
  }

  private void writeBeforeEachOperation(OrchestratorFixture.BeforeOperation strike) {
    OrchestratorFixture.writeBeforeEachOperation(host, () -> service, strike);
  }

  private UpgradeRecord upAndUpgrade(String version) {
    service.control.up("v1");
    host.operationCount = 0;
    return service.journal.upgrade(service.control.upgrade(version)).orElseThrow();
  }

  private List<String> readRows(int generation) {
    return Invariants.readRows(host, service, generation);
  }

  private String servingVersion() {
    return service.journal.serving().map(Generation::version).orElse("nothing");
  }

  private void assertInvariants(String what) {
    Invariants.assertHold(host, service, what);
  }

  @Test
  void anUpgradeCarriesEveryAcknowledgedWriteAndKeepsTheOldVersion() {
    UpgradeRecord run = upAndUpgrade("v2");
    assertEquals(Outcome.DONE, run.outcome());
    assertEquals("v2", servingVersion());
    assertInvariants("upgrade");
    assertTrue(host.acknowledgedRows.size() > 5, "clients wrote: " + host.acknowledgedRows);
    assertEquals("v1", service.journal.previous().orElseThrow().version());
    assertFalse(host.isRunning(service.container(1)), "blue is stopped");
    Receipt receipt = service.control.receipt(run.id());
    assertEquals(
        UpgradePlans.UPGRADE.stream().map(Step::id).toList(),
        receipt.steps().stream().map(Receipt.Step::step).toList());
  }

  @Test
  void aVersionThatNeverGetsHealthyIsUndoneAndQuarantined() {
    host.unhealthy.add(service.container(2));
    UpgradeRecord run = upAndUpgrade("v3");
    assertEquals(Outcome.ROLLED_BACK, run.outcome());
    assertEquals("verify: db: unhealthy", run.reason());
    assertEquals("v1", servingVersion());
    assertInvariants("rolled back");
    assertTrue(host.engine.container(service.container(2)).isEmpty(), "green is removed");
    assertTrue(host.engine.volume(service.container(2) + "-data").isEmpty(), "with its data");
    VersionStatus v3 = service.control.versions().get(2);
    assertEquals("quarantined", v3.state());
    assertTrue(v3.note().contains("db: unhealthy"), v3.note());
  }

  /** The operations that end containers or services in an upgrade to v3, which is not healthy. */
  private List<String> endsInAnUpgradeThatFails() {
    host.unhealthy.add("v3");
    service.control.up("v1");
    List<String> ends = new ArrayList<>();
    writeBeforeEachOperation((operation, number) -> {
      if (Set.of("capsule.stop", "engine.killContainer").contains(operation)) {
        ends.add(operation);
      }
    });
    UpgradeRecord run = service.journal.upgrade(service.control.upgrade("v3")).orElseThrow();
    assertEquals(Outcome.ROLLED_BACK, run.outcome(), run.reason());
    assertEquals(
        List.of("log of " + service.container(2)),
        savedLogs("u2-v3.log").filter(line -> line.startsWith("log of ")).toList(),
        "what its services said");
    assertInvariants("rolled back");
    return ends;
  }

  private Stream<String> savedLogs(String file) {
    try {
      return Files.readAllLines(home.resolve("state/shop/logs").resolve(file)).stream();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Clients wait for blue, which starts when nothing of green runs. */
  @Test
  void aCandidateWhoseDataIsThrownAwayIsNotStoppedInOrder() {
    assertEquals(List.of("capsule.stop", "engine.killContainer"), endsInAnUpgradeThatFails());
  }

  @Test
  void aCandidateThatWritesToAPathOfTheHostIsStoppedInOrder() {
    HostGrants.Path path = new HostGrants.Path("/srv/media", false, "rprivate");
    host.grantsByImage.put(
        "orchestrator/shop:v3",
        new HostGrants(false, List.of(path), List.of(), List.of(), List.of(), Map.of(), ""));
    assertEquals(List.of("capsule.stop", "capsule.stop"), endsInAnUpgradeThatFails());
  }

  @Test
  void unhealthyInTheBakeWindowGoesBackAndSetsTheNewerDataAside() {
    service.control.up("v1");
    writeBeforeEachOperation((operation, number) -> {
      if (operation.equals("traffic.lead")) {
        host.unhealthy.add(service.container(2));
      }
    });
    UpgradeRecord run = service.journal.upgrade(service.control.upgrade("v2")).orElseThrow();
    assertEquals(Outcome.ROLLED_BACK, run.outcome());
    assertTrue(run.reason().startsWith("bake: "), run.reason());
    assertEquals("v1", servingVersion());
    assertInvariants("after the bake");
    assertTrue(host.engine.volume(service.container(2) + "-data").isPresent(), "its data is kept");
    assertTrue(service.journal.previous().isEmpty(), "nothing to roll back to: v2 failed");
  }

  @Test
  void aRollbackThatFailsInItsBakeNamesWhereTheWritesOfThatTimeAre() {
    service.control.up("v1");
    service.control.upgrade("v2");
    writeBeforeEachOperation((operation, number) -> {
      if (operation.equals("traffic.lead")) {
        host.unhealthy.add(service.container(1));
      }
    });
    List<String> before = readRows(1);
    UpgradeRecord run = service.journal.upgrade(service.control.rollback()).orElseThrow();
    assertEquals(Outcome.ROLLED_BACK, run.outcome(), run.reason());
    assertTrue(run.reason().startsWith("bake: "), run.reason());
    assertEquals("v2", servingVersion());
    assertTrue(readRows(1).size() > before.size(), "clients wrote to v1");
    String notes = service.control.receipt(run.id()).notes().toString();
    assertTrue(notes.contains("set aside in volume " + service.container(1) + "-data"), notes);
    assertEquals("v1", service.journal.previous().orElseThrow().version(), "still to be had");
    assertInvariants("a rollback that failed in its bake");
  }

  @Test
  void oneLateAnswerInTheBakeWindowDoesNotRollBack() {
    service.control.up("v1");
    writeBeforeEachOperation((operation, number) -> {
      if (operation.equals("traffic.lead")) {
        host.slowToAnswer.add(service.container(2));
      }
    });
    UpgradeRecord run = service.journal.upgrade(service.control.upgrade("v2")).orElseThrow();
    assertEquals(Outcome.DONE, run.outcome(), run.reason());
    assertEquals("v2", servingVersion());
    assertTrue(host.slowToAnswer.isEmpty(), "it was asked");
  }

  @Test
  void anEngineThatDoesNotAnswerDoesNotQuarantineTheVersion() {
    service.control.up("v1");
    AtomicBoolean away = new AtomicBoolean(true);
    writeBeforeEachOperation((operation, number) -> {
      if (operation.equals("capsule.start") && away.getAndSet(false)) {
        throw new CapsuleException(
            "starting the services: no Docker engine answers",
            new EngineException(EngineException.Kind.UNREACHABLE, "no Docker engine answers"));
      }
    });
    UpgradeRecord run = service.journal.upgrade(service.control.upgrade("v2")).orElseThrow();
    assertEquals(Outcome.ROLLED_BACK, run.outcome(), run.reason());
    assertTrue(run.reason().contains("no Docker engine answers"), run.reason());
    assertTrue(service.journal.quarantined("v2").isEmpty(), "the schedule tries it again");
  }

  /** The step gives up shortly before the hold ends, when no time is left for another attempt. */
  @Test
  void aVerifyThatTheHoldBudgetEndsNamesBothCauses() {
    service.control.up("v1");
    AtomicBoolean cut = new AtomicBoolean(true);
    writeBeforeEachOperation((operation, number) -> {
      if (operation.equals("health.await") && cut.getAndSet(false)) {
        throw new HealthException("green is not healthy after 0 s: db: starting", true);
      }
    });
    UpgradeRecord run = service.journal.upgrade(service.control.upgrade("v2")).orElseThrow();
    assertEquals(Outcome.ROLLED_BACK, run.outcome(), run.reason());
    String cause = "verify: green is not healthy after 0 s: db: starting; ";
    assertTrue(run.reason().startsWith(cause), run.reason());
    assertTrue(run.reason().substring(cause.length()).contains("the hold budget ran out"));
    assertTrue(service.journal.quarantined("v2").isPresent());
  }

  @Test
  void aBlueThatDoesNotStopDoesNotQuarantineTheNewVersion() {
    service.control.up("v1");
    AtomicBoolean hangs = new AtomicBoolean(true);
    writeBeforeEachOperation((operation, number) -> {
      if (operation.equals("capsule.stop") && hangs.getAndSet(false)) {
        throw new CapsuleException("stopping the services of v1: db does not end");
      }
    });
    UpgradeRecord run = service.journal.upgrade(service.control.upgrade("v2")).orElseThrow();
    assertEquals(Outcome.ROLLED_BACK, run.outcome(), run.reason());
    assertTrue(run.reason().startsWith("quiesce: stopping the services of v1"), run.reason());
    assertTrue(service.journal.quarantined("v2").isEmpty(), "the schedule tries it again");
    assertInvariants("blue does not stop");
  }

  /** The program's file was replaced under the running service. */
  @Test
  void aClassThatCannotBeLoadedFailsTheStep() {
    service.control.up("v1");
    for (int point = 1; point < 200; point += 7) {
      int struck = point;
      writeBeforeEachOperation((operation, number) -> {
        if (number == struck) {
          throw new NoClassDefFoundError("dev/orchestrator/Gone");
        }
      });
      host.operationCount = 0;
      String before = servingVersion();
      UpgradeRecord run =
          service
              .journal
              .upgrade(service.control.upgrade(before.equals("v1") ? "v2" : "v1"))
              .orElseThrow();
      assertNotEquals(Outcome.RUNNING, run.outcome(), "struck at " + point);
      assertNotEquals(Outcome.NEEDS_ATTENTION, run.outcome(), "struck at " + point);
      if (run.outcome() == Outcome.ROLLED_BACK) {
        assertTrue(run.reason().contains("dev/orchestrator/Gone"), run.reason());
      }
      assertInvariants("struck at " + point);
    }
  }

  @Test
  void rollbackByHandGoesBackToTheDataAsOfTheSwitch() {
    upAndUpgrade("v2");
    List<String> atSwitch = readRows(1);
    for (int i = 0; i < 5; i++) {
      host.writeRow(service.traffic.reachedContainer());
    }
    UpgradeRecord back = service.journal.upgrade(service.control.rollback()).orElseThrow();
    assertEquals(Outcome.DONE, back.outcome());
    assertEquals("v1", servingVersion());
    assertTrue(readRows(1).containsAll(atSwitch), "rows as of the switch");
    assertInvariants("rolled back");
    assertEquals("quarantined", service.control.versions().get(1).state());
    RefusedException again = assertThrows(RefusedException.class, () -> service.control.rollback());
    String why = String.valueOf(again.getMessage());
    assertTrue(why.startsWith("nothing to go back to"), why);
    Receipt receipt = service.control.receipt(back.id());
    assertTrue(
        receipt.notes().toString().contains(service.container(2) + "-data"),
        receipt.notes().toString());
  }

  @Test
  void aVersionTakenByHandAgainLeavesQuarantineWhenItSucceeds() {
    upAndUpgrade("v2");
    service.control.rollback();
    service.control.upgrade("v2");
    assertEquals("v2", servingVersion());
    assertEquals("serving", service.control.versions().get(1).state());
    assertInvariants("again");
  }

  @Test
  void downStopsAndUpComesBackWithTheSameData() {
    service.control.up("v1");
    host.writeRow(service.traffic.reachedContainer());
    service.control.down(Control.Removal.NOTHING);
    assertEquals("down", service.control.status().state());
    assertEquals(Set.of(), host.activeWriters());
    service.control.up(null);
    assertEquals("serving", service.control.status().state());
    assertInvariants("up again");
  }

  /** What comes after the switch can't take the success back. */
  @Test
  void anUpWhoseOldImagesCannotBeRemovedStaysUp() {
    service.control.up("v1");
    service.control.down(Control.Removal.NOTHING);
    writeBeforeEachOperation((operation, number) -> {
      if (operation.equals("builder.prune")) {
        throw new EngineException(EngineException.Kind.CONFLICT, "an image is in use");
      }
    });
    UpgradeRecord run = service.journal.upgrade(service.control.up(null)).orElseThrow();
    assertEquals(Outcome.DONE, run.outcome(), run.reason());
    assertTrue(service.control.receipt(run.id()).notes().toString().contains("an image is in use"));
    service.superviseOnce();
    assertEquals("serving", service.control.status().state());
    assertInvariants("up with a leftover");
  }

  @Test
  void aRollbackWhoseOldImagesCannotBeRemovedQuarantinesWhatItLeft() {
    upAndUpgrade("v2");
    writeBeforeEachOperation((operation, number) -> {
      if (operation.equals("builder.prune")) {
        throw new EngineException(EngineException.Kind.CONFLICT, "an image is in use");
      }
    });
    UpgradeRecord back = service.journal.upgrade(service.control.rollback()).orElseThrow();
    assertEquals(Outcome.DONE, back.outcome(), back.reason());
    assertEquals("quarantined", service.control.versions().get(1).state());
    assertInvariants("rolled back with a leftover");
  }

  @Test
  void aRunWhoseSuccessTheJournalCannotTakeWaitsForTheJournal() {
    service.control.up("v1");
    service.eventListener =
        event -> {
          if (event.step().equals("retain") && event.phase().equals("done")) {
            host.refusedJournalWrites = 3;
          }
        };
    UpgradeRecord run = service.journal.upgrade(service.control.upgrade("v2")).orElseThrow();
    assertEquals(Outcome.DONE, run.outcome(), run.reason());
    service.control.rollback();
    assertEquals("quarantined", service.control.versions().get(1).state());
    assertEquals(0, host.refusedJournalWrites);
    assertInvariants("the journal was full");
  }

  @Test
  void downWithVolumesRemovesEverythingOfTheStack() {
    upAndUpgrade("v2");
    service.control.down(Control.Removal.VOLUMES);
    assertEquals(List.of(), host.engine.containers(Map.of(Labels.OURS, "1")));
    assertEquals(List.of(), host.engine.volumes(Map.of(Labels.OURS, "1")));
    service.control.up("v1");
    assertEquals("v1", servingVersion());
  }

  @Test
  void refusalsChangeNothing() {
    service.control.up("v1");
    int before = host.operationCount;
    assertEquals("", service.control.up(null));
    for (String version : List.of("v9", "../v1", "v1")) {
      assertThrows(RefusedException.class, () -> service.control.upgrade(version), version);
    }
    assertThrows(RefusedException.class, () -> service.control.up("v2"));
    assertThrows(RefusedException.class, () -> service.control.rollback());
    assertEquals(before, host.operationCount);
    assertInvariants("refused");
  }

  @Test
  void aFailureBeforeTheCandidateIsCreatedIsARefusal() {
    service.control.up("v1");
    writeBeforeEachOperation((operation, number) -> {
      if (operation.equals("builder.build")) {
        throw new RefusedException("service db: image nowhere/db:1 can't be had");
      }
    });
    UpgradeRecord run = service.journal.upgrade(service.control.upgrade("v2")).orElseThrow();
    assertEquals(Outcome.REFUSED, run.outcome());
    assertEquals("service db: image nowhere/db:1 can't be had", run.reason());
    assertInvariants("refused");
    assertEquals(
        "available", service.control.versions().get(1).state(), "no fault of the version's");
  }
}
