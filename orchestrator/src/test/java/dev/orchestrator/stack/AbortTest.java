package dev.orchestrator.stack;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.report.Status;
import dev.orchestrator.testing.FakeHost;
import dev.orchestrator.testing.InMemoryFolder;
import dev.orchestrator.testing.Invariants;
import dev.orchestrator.testing.OrchestratorFixture;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Abort and resume: of a run under way, of a stuck undo, of a run that needs attention. */
class AbortTest {

  @TempDir(factory = InMemoryFolder.class)
  Path home;

  private FakeHost host;
  private OrchestratorFixture service;

  @BeforeEach
  void start() {
    startOnFreshHost(0);
  }

  private void startOnFreshHost(int number) {
    if (service != null) {
      service.close();
    }
    host = new FakeHost();
    service = new OrchestratorFixture(host, home.resolve(Integer.toString(number)));
    service.control.up("v1");
    host.operationCount = 0;
  }

  @AfterEach
  void stop() {
    service.close();
  }

  private void beforeOperations(OrchestratorFixture.BeforeOperation strike) {
    OrchestratorFixture.writeBeforeEachOperation(host, () -> service, strike);
  }

  private UpgradeRecord runUpgrade(String version) {
    return service.journal.upgrade(service.control.upgrade(version)).orElseThrow();
  }

  @Test
  void abortUndoesAtAnyPoint() {
    List<String> refused = new ArrayList<>();
    beforeOperations((operation, number) -> {});
    assertEquals(Outcome.DONE, runUpgrade("v2").outcome());
    int points = host.operationCount;
    for (int number = 1; number <= points; number++) {
      startOnFreshHost(number);
      int strike = number;
      beforeOperations((operation, now) -> {
        if (now == strike) {
          try {
            service.control.abort();
          } catch (RefusedException e) {
            refused.add(operation);
          }
        }
      });
      UpgradeRecord run = runUpgrade("v2");
      if (run.outcome() == Outcome.DONE) {
        assertEquals(1, refused.size(), "only what puts the old version away goes on");
        refused.clear();
      } else {
        assertTrue(run.reason().startsWith("aborted by hand"), run.reason());
        assertEquals(
            "v1", service.journal.serving().orElseThrow().version(), "operation " + number);
        assertTrue(service.journal.quarantines().isEmpty(), "no fault of the version's");
      }
      Invariants.assertHold(host, service, "aborted in operation " + number);
    }
    assertTrue(points > 15, "points: " + points);
  }

  @Test
  void abortAndResumeAreRefusedWithoutARun() {
    assertThrows(RefusedException.class, () -> service.control.abort());
    assertThrows(RefusedException.class, () -> service.control.resume());
  }

  @Test
  void aFailingUndoIsRepeatedAndReportedAsNeedingAttention() {
    host.unhealthy.add("v3");
    List<Status> seen = new ArrayList<>();
    int[] attempts = {0};
    beforeOperations((operation, number) -> {
      boolean undoing = operation.equals("capsule.start") && service.traffic.held;
      if (undoing && host.activeWriters().isEmpty() && ++attempts[0] > 1 && attempts[0] < 9) {
        if (attempts[0] == 6) {
          seen.add(service.control.status());
          assertEquals("u2", service.control.resume(), "resume tries it at once");
        }
        throw new EngineException(EngineException.Kind.REFUSED, "no room for a container");
      }
    });
    UpgradeRecord run = runUpgrade("v3");
    assertEquals(Outcome.ROLLED_BACK, run.outcome(), "it succeeded in the end");
    Status stuck = seen.getFirst();
    assertEquals("needs attention", stuck.state());
    assertTrue(stuck.attention().contains("u2 can't be undone at step quiesce"), stuck.attention());
    assertTrue(stuck.attention().contains("no room for a container"), stuck.attention());
    assertTrue(stuck.attention().contains("orchestrator resume"), stuck.attention());
    assertEquals("serving", service.control.status().state());
    Invariants.assertHold(host, service, "after the tries");
  }

  @Test
  void aStuckUndoCanBeLeftAndResumedLater() {
    host.unhealthy.add("v3");
    int[] attempts = {0};
    beforeOperations((operation, number) -> {
      boolean undoing = operation.equals("capsule.start") && service.traffic.held;
      if (undoing && host.activeWriters().isEmpty() && ++attempts[0] > 1) {
        if (attempts[0] == 8) {
          service.control.abort();
        }
        throw new EngineException(EngineException.Kind.REFUSED, "no room for a container");
      }
    });
    UpgradeRecord run = runUpgrade("v3");
    assertEquals(Outcome.NEEDS_ATTENTION, run.outcome());
    assertEquals("needs attention", service.control.status().state());
    beforeOperations((operation, number) -> {});
    assertEquals(run.id(), service.control.resume(), "mended by hand: what serves is started");
    assertEquals("serving", service.control.status().state());
    assertTrue(
        service.journal.upgrade(run.id()).orElseThrow().reason().endsWith("v1 is healthy since"));
    assertEquals("v1", service.journal.serving().orElseThrow().version());
  }
}
