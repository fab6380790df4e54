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

/** What a person can do about a run: abort it, look at one that is stuck, resume, leave it. */
class AbortTest {

  @TempDir(factory = InMemoryFolder.class)
  Path home;

  private FakeHost host;
  private OrchestratorFixture at;

  @BeforeEach
  void start() {
    fresh(0);
  }

  private void fresh(int number) {
    if (at != null) {
      at.close();
    }
    host = new FakeHost();
    at = new OrchestratorFixture(host, home.resolve(Integer.toString(number)));
    at.control.up("v1");
    host.operations = 0;
  }

  @AfterEach
  void stop() {
    at.close();
  }

  private void before(OrchestratorFixture.Strike strike) {
    OrchestratorFixture.clientsWrite(host, () -> at, strike);
  }

  private UpgradeRecord upgrade(String version) {
    return at.journal.upgrade(at.control.upgrade(version)).orElseThrow();
  }

  @Test
  void abortUndoesAtAnyPoint() {
    List<String> refused = new ArrayList<>();
    before((operation, number) -> {});
    assertEquals(Outcome.DONE, upgrade("v2").outcome());
    int points = host.operations;
    for (int number = 1; number <= points; number++) {
      fresh(number);
      int strike = number;
      before((operation, now) -> {
        if (now == strike) {
          try {
            at.control.abort();
          } catch (RefusedException e) {
            refused.add(operation);
          }
        }
      });
      UpgradeRecord run = upgrade("v2");
      if (run.outcome() == Outcome.DONE) {
        assertEquals(1, refused.size(), "only what puts the old version away goes on");
        refused.clear();
      } else {
        assertTrue(run.reason().startsWith("aborted by hand"), run.reason());
        assertEquals("v1", at.journal.serving().orElseThrow().version(), "operation " + number);
        assertTrue(at.journal.quarantines().isEmpty(), "no fault of the version's");
      }
      Invariants.assertWhole(host, at, "aborted in operation " + number);
    }
    assertTrue(points > 15, "points: " + points);
  }

  @Test
  void nothingRunsNothingToAbort() {
    assertThrows(RefusedException.class, () -> at.control.abort());
    assertThrows(RefusedException.class, () -> at.control.resume());
  }

  @Test
  void anUndoThatFailsIsTriedOnAndSaidToNeedAttention() {
    host.neverHealthy.add("v3");
    List<Status> seen = new ArrayList<>();
    int[] tries = {0};
    before((operation, number) -> {
      boolean undoing = operation.equals("capsule.start") && at.traffic.held;
      if (undoing && host.alive().isEmpty() && ++tries[0] > 1 && tries[0] < 9) {
        if (tries[0] == 6) {
          seen.add(at.control.status());
          assertEquals("u2", at.control.resume(), "resume tries it at once");
        }
        throw new EngineException(EngineException.Kind.REFUSED, "no room for a container");
      }
    });
    UpgradeRecord run = upgrade("v3");
    assertEquals(Outcome.ROLLED_BACK, run.outcome(), "it succeeded in the end");
    Status stuck = seen.getFirst();
    assertEquals("needs attention", stuck.state());
    assertTrue(stuck.attention().contains("u2 can't be undone at step quiesce"), stuck.attention());
    assertTrue(stuck.attention().contains("no room for a container"), stuck.attention());
    assertTrue(stuck.attention().contains("orchestrator resume"), stuck.attention());
    assertEquals("serving", at.control.status().state());
    Invariants.assertWhole(host, at, "after the tries");
  }

  @Test
  void whatCantBeUndoneCanBeLeftAndTakenUpAgain() {
    host.neverHealthy.add("v3");
    int[] tries = {0};
    before((operation, number) -> {
      boolean undoing = operation.equals("capsule.start") && at.traffic.held;
      if (undoing && host.alive().isEmpty() && ++tries[0] > 1) {
        if (tries[0] == 8) {
          at.control.abort();
        }
        throw new EngineException(EngineException.Kind.REFUSED, "no room for a container");
      }
    });
    UpgradeRecord run = upgrade("v3");
    assertEquals(Outcome.NEEDS_ATTENTION, run.outcome());
    assertEquals("needs attention", at.control.status().state());
    before((operation, number) -> {});
    assertEquals(run.id(), at.control.resume(), "mended by hand: what serves is started");
    assertEquals("serving", at.control.status().state());
    assertTrue(at.journal.upgrade(run.id()).orElseThrow().reason().endsWith("v1 is healthy since"));
    assertEquals("v1", at.journal.serving().orElseThrow().version());
  }
}
