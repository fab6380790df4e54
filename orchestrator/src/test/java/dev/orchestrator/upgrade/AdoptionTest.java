package dev.orchestrator.upgrade;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
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
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A compose project of the host becomes a stack, and is started again when that is undone. */
class AdoptionTest {
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
