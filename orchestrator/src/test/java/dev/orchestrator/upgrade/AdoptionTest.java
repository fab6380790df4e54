package dev.orchestrator.upgrade;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.capsule.DatabaseTable;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.report.Status;
import dev.orchestrator.settings.DataSettings;
import dev.orchestrator.settings.DataSettings.Quiesce;
import dev.orchestrator.settings.DataSettings.Rollback;
import dev.orchestrator.settings.DataSettings.Strategy;
import dev.orchestrator.settings.Hook;
import dev.orchestrator.stack.Control;
import dev.orchestrator.testing.FakeHost;
import dev.orchestrator.testing.FakeProject;
import dev.orchestrator.testing.FaultScenario;
import dev.orchestrator.testing.FaultScenario.Case;
import dev.orchestrator.testing.InMemoryFolder;
import dev.orchestrator.testing.Invariants;
import dev.orchestrator.testing.OrchestratorFixture;
import dev.orchestrator.testing.RunWatcher;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A compose project of the host becomes a stack, and is started again when that is undone. */
class AdoptionTest {
  private static final Hook FLUSH =
      new Hook("db", Hook.When.BEFORE, List.of("flush"), Duration.ofSeconds(1));
  private static final Hook RESUME =
      new Hook("db", Hook.When.AFTER, List.of("resume"), Duration.ofSeconds(1));

  @TempDir(factory = InMemoryFolder.class)
  Path home;

  private final FakeHost host = new FakeHost();

  @BeforeEach
  void projectRuns() {
    host.project.up();
    host.writeRow(FakeProject.DB);
  }

  private OrchestratorFixture service() {
    return new OrchestratorFixture(host, home);
  }

  private OrchestratorFixture serviceWith(Hook... hooks) {
    return new OrchestratorFixture(
        host,
        home,
        new DataSettings(
            Strategy.COPY,
            Quiesce.STOP,
            Map.of(),
            List.of(hooks),
            0,
            false,
            3,
            10,
            false,
            Rollback.RESTORE,
            List.of(),
            List.of(),
            List.of(),
            List.of()));
  }

  private static Receipt last(OrchestratorFixture service) {
    return service.control.receipt(service.journal.history().getFirst().id());
  }

  @Test
  void theProjectStaysAndIsStartedAgainWhenItIsUndone() {
    try (OrchestratorFixture service = service()) {
      service.control.adopt(host.project.original());
      assertEquals(Outcome.DONE, last(service).upgrade().outcome(), last(service).toString());
      assertTrue(host.project.isPutAway());
      Invariants.assertHold(host, service, "adopted");

      service.control.undoAdopt();
      assertEquals(Outcome.DONE, last(service).upgrade().outcome(), last(service).toString());
      assertTrue(host.project.isUp());
      Invariants.assertHold(host, service, "undone");

      service.control.adopt(host.project.original());
      assertEquals(Outcome.DONE, last(service).upgrade().outcome(), last(service).toString());
      Invariants.assertHold(host, service, "adopted again");
    }
  }

  /** As Compose starts them: the web service may end where its database is not healthy. */
  @Test
  void whatNeedsAHealthyServiceStartsAfterIt() {
    try (OrchestratorFixture service = service()) {
      service.control.adopt(host.project.original());
      host.project.events.clear();
      service.control.undoAdopt();
      assertEquals(
          List.of("start " + FakeProject.DB, "not healthy", "healthy", "start " + FakeProject.WEB),
          host.project.events);
    }
  }

  @Test
  void theStatusSaysWhichOfTheTwoServes() {
    List<String> states = new ArrayList<>();
    try (OrchestratorFixture service = service()) {
      service.eventListener =
          event -> {
            if (event.phase().equals("intent")) {
              states.add(service.control.status().state());
            }
          };
      service.control.adopt(host.project.original());
      assertEquals(Set.of("adopting"), Set.copyOf(states));
      Status adopted = service.control.status();
      assertEquals("serving", adopted.state());
      assertEquals(new Status.Original("photos", false, "stopped", ""), adopted.original());

      states.clear();
      service.control.undoAdopt();
      assertEquals(Set.of("undoing adoption"), Set.copyOf(states));
      Status undone = service.control.status();
      assertEquals("original serves", undone.state());
      assertEquals(new Status.Original("photos", true, "running", ""), undone.original());
      assertEquals("undo adoption", last(service).upgrade().kindText());
      RefusedException refused =
          assertThrows(RefusedException.class, () -> service.control.upgrade("v2"));
      assertEquals(
          "nothing to upgrade: project photos serves in place of the stack: 'orchestrator adopt"
              + " photos --stack shop' adopts it",
          refused.getMessage());
    }
  }

  @Test
  void afterAFailedAdoptionTheOriginalServes() {
    host.unhealthy.add("v3");
    try (OrchestratorFixture service = service()) {
      service.control.adopt(host.project.original());
      assertEquals(Outcome.ROLLED_BACK, last(service).upgrade().outcome());
      assertEquals("original serves", service.control.status().state());
      host.engine.stopContainer(FakeProject.WEB, Duration.ZERO);
      Status.Original original = Objects.requireNonNull(service.control.status().original());
      assertEquals("container photos-web-1 is exited", original.state());
    }
  }

  @Test
  void aStackThatBeganAnewHasNoOriginal() {
    try (OrchestratorFixture service = service()) {
      service.control.adopt(host.project.original());
      service.control.undoAdopt();
      host.engine.stopContainer(FakeProject.DB, Duration.ZERO);
      service.control.up("v1");
      assertEquals("serving", service.control.status().state());
      assertNull(service.control.status().original());
    }
  }

  @Test
  void whatOnlyTheStackHasIsToldWhenTheProjectServesAgain() {
    host.tables.add(new DatabaseTable("db", "shop.orders", 5, 1, 0));
    try (OrchestratorFixture service = service()) {
      service.eventListener =
          event -> {
            if (event.step().equals("bake") && event.phase().equals("intent")) {
              host.writeRow(service.container(1));
              host.unhealthy.add("v3");
            }
          };
      service.control.adopt(host.project.original());
      Receipt receipt = last(service);
      assertEquals(Outcome.ROLLED_BACK, receipt.upgrade().outcome(), receipt.toString());
      Invariants.assertHold(host, service, "rolled back");
      String told = apart(service);
      assertTrue(told.startsWith("what clients wrote to v3 since "), told);
      assertTrue(told.contains("is not in project photos: it is kept in volume "), told);
      String volume =
          service.journal.generations().getFirst().generation().volumes().getFirst().volume();
      assertTrue(told.contains(volume), told);
      assertTrue(receipt.notes().contains(told), receipt.notes().toString());
      assertTrue(receipt.upgrade().reason().endsWith(told), receipt.upgrade().reason());
    }
  }

  private static String apart(OrchestratorFixture service) {
    return Objects.requireNonNull(service.control.status().original()).apart();
  }

  @Test
  void whatOnlyTheProjectHasIsToldWhenTheStackServesAgain() {
    OrchestratorFixture service = service();
    try {
      service.control.adopt(host.project.original());
      service.eventListener =
          RunWatcher.onPhase(
              "give-back",
              "done",
              () -> {
                throw new FakeHost.ProcessKilledError("killed");
              });
      assertThrows(FakeHost.ProcessKilledError.class, service.control::undoAdopt);
      service.close();
      service = service();
      host.faults =
          new FakeHost.Faults() {
            @Override
            public void before(String operation, int number) {
              if (operation.equals("engine.startContainer") && host.project.isRunning()) {
                host.writeRow(FakeProject.DB);
                throw new EngineException(EngineException.Kind.REFUSED, "no such device");
              }
            }
          };
      service.replayJournal();
      host.faults = new FakeHost.Faults() {};
      Receipt receipt = last(service);
      assertEquals(Outcome.ROLLED_BACK, receipt.upgrade().outcome(), receipt.toString());
      Invariants.assertHold(host, service, "the stack serves again");
      String told = apart(service);
      assertTrue(told.startsWith("project photos has run since "), told);
      assertTrue(told.contains("is not in the stack, and is kept in volume photos_db"), told);
      assertTrue(receipt.notes().contains(told), receipt.notes().toString());
      assertTrue(receipt.upgrade().reason().endsWith(told), receipt.upgrade().reason());
    } finally {
      service.close();
    }
  }

  @Test
  void hooksRunInTheProjectsContainers() {
    try (OrchestratorFixture service = serviceWith(FLUSH, RESUME)) {
      service.control.adopt(host.project.original());
      assertEquals(Outcome.DONE, last(service).upgrade().outcome(), last(service).toString());
      assertEquals(
          List.of("photos-db-1: flush", service.container(1) + ": resume"), host.executedCommands);
      host.executedCommands.clear();
      service.control.undoAdopt();
      assertEquals(Outcome.DONE, last(service).upgrade().outcome(), last(service).toString());
      assertEquals(
          List.of(service.container(1) + ": flush", "photos-db-1: resume"), host.executedCommands);
    }
  }

  @Test
  void aHookThatFailsInTheProjectEndsTheAdoptionAndTheProjectRunsOn() {
    host.failingCommands.add("flush");
    try (OrchestratorFixture service = serviceWith(FLUSH, RESUME)) {
      service.control.adopt(host.project.original());
      Receipt receipt = last(service);
      assertEquals(Outcome.ROLLED_BACK, receipt.upgrade().outcome(), receipt.toString());
      assertEquals(
          "stop-original: hook before in service db (flush): flush failed",
          receipt.upgrade().reason());
      assertEquals("photos-db-1: resume", host.executedCommands.getLast());
      Invariants.assertHold(host, service, "hook failed");
    }
  }

  @Test
  void aHookInAServiceThatNeitherHasIsRefusedBeforeClientsWait() {
    Hook mistyped = new Hook("bd", Hook.When.BEFORE, List.of("flush"), Duration.ofSeconds(1));
    try (OrchestratorFixture service = serviceWith(mistyped)) {
      service.control.adopt(host.project.original());
      Receipt receipt = last(service);
      assertEquals(Outcome.REFUSED, receipt.upgrade().outcome(), receipt.toString());
      assertEquals(
          "data.hooks[0] names \"bd\": neither project photos nor v3 has such a service; there are:"
              + " db, web",
          receipt.upgrade().reason());
    }
  }

  @Test
  void nobodyIsRefusedWhereConnectionsCanBeRedirected() {
    for (Case scenario : new Case[] {Case.ADOPTION, Case.ADOPTION_BAD_BAKE, Case.ADOPTION_UNDONE}) {
      try (FaultScenario run = new FaultScenario(scenario, home.resolve(scenario.name()))) {
        run.run();
        assertEquals(0, run.refusals(), scenario.name());
      }
    }
  }

  @Test
  void whereTheyCannotBeRedirectedTheGapIsTold() {
    host.project.canRedirect = false;
    try (OrchestratorFixture service = service()) {
      service.control.adopt(host.project.original());
      Receipt receipt = last(service);
      assertEquals(Outcome.DONE, receipt.upgrade().outcome(), receipt.toString());
      assertTrue(
          receipt.notes().toString().contains("connections to the project's ports were refused"),
          receipt.notes().toString());
    }
  }

  @Test
  void anUpgradeAfterwardsDoesNotHinderTheWayBack() {
    try (OrchestratorFixture service = service()) {
      service.control.adopt(host.project.original());
      service.control.upgrade("v2");
      service.control.undoAdopt();
      assertEquals(Outcome.DONE, last(service).upgrade().outcome(), last(service).toString());
      assertTrue(host.project.isUp());
    }
  }

  @Test
  void theProjectIsThereStillWhenTheStackIsRemoved() {
    try (OrchestratorFixture service = service()) {
      service.control.adopt(host.project.original());
      service.control.down(Control.Removal.VOLUMES);
      service.control.undoAdopt();
      assertEquals(Outcome.DONE, last(service).upgrade().outcome(), last(service).toString());
      assertTrue(host.project.isUp());
    }
  }

  @Test
  void aProjectThatIsStartedMeanwhileServesOn() {
    try (OrchestratorFixture service = service()) {
      service.eventListener =
          RunWatcher.onPhase("verify", "done", () -> host.engine.startByItself(FakeProject.WEB));
      service.control.adopt(host.project.original());
      Receipt receipt = last(service);
      assertEquals(Outcome.ROLLED_BACK, receipt.upgrade().outcome(), receipt.toString());
      assertTrue(receipt.upgrade().reason().contains("was started again meanwhile"));
      assertTrue(host.project.isUp());
    }
  }

  @Test
  void whatIsNotAsItWasReadIsRefused() {
    try (OrchestratorFixture service = service()) {
      var original = host.project.original();
      host.engine.removeContainer(FakeProject.WEB);
      service.control.adopt(original);
      Receipt receipt = last(service);
      assertEquals(Outcome.REFUSED, receipt.upgrade().outcome(), receipt.toString());
      assertTrue(
          receipt.upgrade().reason().contains("container photos-web-1 is gone"),
          receipt.upgrade().reason());
      assertTrue(host.project.isRunning());
    }
  }

  @Test
  void aStackThatServesAdoptsNothingAndOneThatWasNotAdoptedHasNoWayBack() {
    try (OrchestratorFixture service = service()) {
      var original = host.project.original();
      RefusedException notAdopted =
          assertThrows(RefusedException.class, service.control::undoAdopt);
      assertTrue(String.valueOf(notAdopted.getMessage()).contains("was not adopted"));
      service.control.adopt(original);
      RefusedException serves =
          assertThrows(RefusedException.class, () -> service.control.adopt(original));
      assertTrue(String.valueOf(serves.getMessage()).contains("was adopted before"));
    }
  }

  @Test
  void aStackWithDataOfItsOwnAdoptsNothing() {
    try (OrchestratorFixture service = service()) {
      var original = host.project.original();
      host.engine.removeContainer(FakeProject.WEB);
      host.engine.removeContainer(FakeProject.DB);
      service.control.up("v1");
      RefusedException serves =
          assertThrows(RefusedException.class, () -> service.control.adopt(original));
      assertTrue(String.valueOf(serves.getMessage()).contains("never up"), serves.toString());
    }
  }
}
