package dev.orchestrator.stack;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.engine.ContainerSpec;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.report.Status;
import dev.orchestrator.testing.FakeHost;
import dev.orchestrator.testing.InMemoryFolder;
import dev.orchestrator.testing.Invariants;
import dev.orchestrator.testing.OrchestratorFixture;
import dev.orchestrator.traffic.Traffic;
import dev.orchestrator.upgrade.ResourceNames;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a start of the service does beside a stack that is there, on a host in memory. */
class ReconcilerTest {
  @TempDir(factory = InMemoryFolder.class)
  Path home;

  private final FakeHost host = new FakeHost();
  private OrchestratorFixture service;

  @BeforeEach
  void start() {
    service = new OrchestratorFixture(host, home);
    service.control.up("v1");
  }

  @AfterEach
  void stop() {
    service.close();
  }

  /** Ends the process as a kill does; the next one does nothing yet. */
  private void startNextProcess() {
    service.close();
    service = new OrchestratorFixture(host, home);
  }

  @Test
  void routesThatCannotBeOpenedAtTheStartAreOpenedLater() {
    startNextProcess();
    service.traffic.unavailable = "route db: port 13306 is taken";
    service.replayJournal();
    service.superviseOnce();
    assertFalse(service.traffic.open);
    Status status = service.control.status();
    assertEquals("needs attention", status.state());
    assertTrue(status.attention().contains("port 13306 is taken"), status.attention());
    UpgradeRecord refused = service.journal.upgrade(service.control.upgrade("v2")).orElseThrow();
    assertEquals(Outcome.REFUSED, refused.outcome(), "before clients are made to wait");
    assertTrue(refused.reason().contains("port 13306 is taken"), refused.reason());

    service.traffic.unavailable = "";
    service.superviseOnce();
    assertEquals("serving", service.control.status().state());
    Invariants.assertHold(host, service, "the port is free again");
  }

  @Test
  void theKernelLeadsToWhatServesAndNeverToWhatIsGone() {
    service.superviseOnce();
    assertEquals(
        service.container(1), service.traffic.ledByKernel().orElseThrow().name(), "between runs");
    host.engine.exit(service.container(1), 137);
    service.control.supervisor().containerChanged();
    assertTrue(service.traffic.ledByKernel().isEmpty(), "as the engine tells of the end");
    service.superviseOnce();
    service.superviseOnce();
    assertEquals(service.container(1), service.traffic.ledByKernel().orElseThrow().name());
    service.control.upgrade("v2");
    service.superviseOnce();
    assertEquals(service.container(2), service.traffic.ledByKernel().orElseThrow().name());
    host.unhealthy.add("v3");
    service.control.upgrade("v3");
    assertTrue(service.traffic.ledByKernel().isEmpty(), "the run held clients");
    service.superviseOnce();
    assertEquals(service.container(2), service.traffic.ledByKernel().orElseThrow().name());
    Invariants.assertHold(host, service, "with the kernel's path");
    service.control.down(Control.Removal.NOTHING);
    assertTrue(service.traffic.ledByKernel().isEmpty());
  }

  @Test
  void theKernelLeadsNowhereWhileTheEngineDoesNotSayWhatIsThere() {
    service.superviseOnce();
    startNextProcess();
    assertTrue(service.traffic.ledByKernel().isPresent(), "the last process has left it");
    host.unansweredEngineCalls = 1;
    service.control.reconciler().openRoutes();
    assertTrue(service.traffic.ledByKernel().isEmpty());
    assertTrue(service.traffic.open && service.traffic.held, "clients wait");
  }

  @Test
  void aLeftoverThatCannotBeRemovedDoesNotKeepTheStackFromBeingStarted() {
    String helper = "left-by-a-copy";
    createHelper(helper);
    host.engine.exit(service.container(1), 0);
    startNextProcess();
    host.faults =
        new FakeHost.Faults() {
          @Override
          public void before(String operation, int number) {
            if (operation.equals("engine.removeContainer")) {
              throw new EngineException(EngineException.Kind.CONFLICT, "its mount is busy");
            }
          }
        };
    service.control.reconciler().openRoutes();
    Reconciler reconciler = service.control.reconciler();
    assertFalse(reconciler.replayToEnd(), "to be tried again");
    assertEquals(service.container(1), service.traffic.reachedContainer(), "it was started");
    RefusedException refused =
        assertThrows(RefusedException.class, () -> reconciler.awaitCleared(Duration.ZERO));
    String why = String.valueOf(refused.getMessage());
    assertTrue(why.contains(helper) && why.contains("its mount is busy"), why);

    createHelper("of-a-plan");
    host.faults = new FakeHost.Faults() {};
    assertTrue(reconciler.replayToEnd());
    reconciler.awaitCleared(Duration.ZERO);
    assertTrue(host.engine.container(helper).isEmpty());
    assertTrue(host.engine.container("of-a-plan").isPresent(), "this process needs it");
    host.engine.removeContainer("of-a-plan");
    Invariants.assertHold(host, service, "the mount is free again");
  }

  private void createHelper(String name) {
    host.engine.createContainer(
        ContainerSpec.helper(
            name,
            FakeHost.BASE_IMAGE,
            List.of("sleep", "300"),
            new ResourceNames(OrchestratorFixture.settings(home))
                .helperLabels("u7", ResourceNames.COPY),
            List.of()));
  }

  /** Removing green fails as long as {@code stuck} says so, with the number of the attempt. */
  private void failRemovals(IntPredicate stuck) {
    int[] attempts = {0};
    OrchestratorFixture.writeBeforeEachOperation(
        host,
        () -> service,
        (operation, number) -> {
          if (operation.equals("engine.removeVolume") && stuck.test(++attempts[0])) {
            throw new EngineException(EngineException.Kind.CONFLICT, "the volume is in use");
          }
        });
  }

  /** An upgrade that fails, and whose process is killed when it can't remove green. */
  private void cutOffInAStuckUndo() {
    failRemovals(attempt -> {
      if (attempt == 3) {
        throw new FakeHost.ProcessKilledError("removing green");
      }
      return true;
    });
    assertThrows(FakeHost.ProcessKilledError.class, () -> service.control.upgrade("v2"));
    startNextProcess();
  }

  private void assertServedDuringAStuckUndo() {
    List<@Nullable String> reached = new ArrayList<>();
    failRemovals(attempt -> {
      reached.add(service.traffic.reachedContainer());
      if (attempt == 2) {
        host.engine.exit(service.container(1), 137);
      }
      return attempt < 4;
    });
    service.control.reconciler().openRoutes();
    assertEquals(service.container(1), service.traffic.reachedContainer(), "it serves at once");
    assertTrue(service.control.reconciler().replayToEnd());
    String blue = service.container(1);
    assertEquals(List.of(blue, blue, blue, blue), reached.subList(0, 4), "started again meanwhile");
    assertEquals(Outcome.ROLLED_BACK, service.journal.history().getFirst().outcome());
    Invariants.assertHold(host, service, "a stuck undo");
  }

  @Test
  void clientsAreServedWhileAnUndoBeforeTheHoldIsStuck() {
    service.eventListener =
        event -> {
          if (event.step().equals("pre-sync") && event.phase().equals("intent")) {
            service.control.abort();
          }
        };
    cutOffInAStuckUndo();
    assertTrue(service.journal.steps("u2").stream().noneMatch(line -> line.step().equals("hold")));
    assertServedDuringAStuckUndo();
  }

  @Test
  void clientsAreServedWhileAnUndoAfterTheHoldIsStuck() {
    host.unhealthy.add("v2");
    cutOffInAStuckUndo();
    assertTrue(service.journal.steps("u2").stream().anyMatch(line -> line.step().equals("hold")));
    assertServedDuringAStuckUndo();
  }

  @Test
  void clientsWaitWhileAnUndoOfTheHoldIsCutOff() {
    host.unhealthy.add("v2");
    OrchestratorFixture.writeBeforeEachOperation(
        host,
        () -> service,
        (operation, number) -> {
          if (operation.equals("traffic.lead")) {
            throw new FakeHost.ProcessKilledError("releasing clients");
          }
        });
    assertThrows(FakeHost.ProcessKilledError.class, () -> service.control.upgrade("v2"));
    startNextProcess();
    OrchestratorFixture.writeBeforeEachOperation(host, () -> service, (operation, number) -> {});
    service.control.reconciler().openRoutes();
    assertTrue(service.traffic.open && service.traffic.held);
    assertTrue(service.control.reconciler().replayToEnd());
    Invariants.assertHold(host, service, "released");
  }

  /** A question to a capsule costs what an idle stack has no processor for. */
  @Test
  void aCapsuleWhoseContainerRunsOnIsAskedForItsServicesEveryMinute() {
    service.superviseOnce();
    int asked = host.serviceQueries;
    for (int looks = 0; looks < 5; looks++) {
      service.superviseOnce();
    }
    assertEquals(asked, host.serviceQueries);
    host.clockOffset = host.clockOffset.plus(ServingSupervisor.SERVICES_KNOWN);
    service.superviseOnce();
    assertEquals(asked + 1, host.serviceQueries);
  }

  @Test
  void servicesThatWereStoppedByHandAreStartedWithinAMinute() {
    service.superviseOnce();
    host.writingContainers.remove(service.container(1));
    host.clockOffset = host.clockOffset.plus(ServingSupervisor.SERVICES_KNOWN);
    service.superviseOnce();
    Invariants.assertHold(host, service, "started again");
  }

  @Test
  void servicesThatClientsDoNotReachAreStartedAtTheNextLook() {
    service.superviseOnce();
    service.superviseOnce();
    host.writingContainers.remove(service.container(1));
    service.traffic.clients = name -> new Traffic.Clients(0, 1, 0, 0, 0, 0, 0);
    service.superviseOnce();
    Invariants.assertHold(host, service, "started again");
    int asked = host.serviceQueries;
    service.superviseOnce();
    service.superviseOnce();
    assertEquals(asked + 1, host.serviceQueries, "once after the start, as clients fail no more");
  }

  @Test
  void aCapsuleThatWasRestartedByHandHasItsServicesStartedAtTheNextLook() {
    service.superviseOnce();
    String container = service.container(1);
    host.engine.stopContainer(container, Duration.ZERO);
    host.writingContainers.remove(container);
    host.engine.startContainer(container);
    service.superviseOnce();
    Invariants.assertHold(host, service, "started again");
  }

  /** The undo goes on, on the run's thread. */
  @Test
  void whatServesIsStartedAgainWhileTheUndoOfARunIsStuck() {
    host.unhealthy.add("v2");
    failRemovals(attempt -> {
      if (attempt == 1) {
        host.engine.exit(service.container(1), 137);
        try {
          Thread.ofVirtual().start(service.control.reconciler()::superviseOnce).join();
        } catch (InterruptedException e) {
          throw new AssertionError(e);
        }
        assertTrue(host.isRunning(service.container(1)));
      }
      return attempt < 4;
    });
    service.control.upgrade("v2");
    Invariants.assertHold(host, service, "after the undo");
  }
}
