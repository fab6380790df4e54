package dev.orchestrator.stack;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.orchestrator.journal.Generation;
import dev.orchestrator.testing.FakeHost;
import dev.orchestrator.testing.InMemoryFolder;
import dev.orchestrator.testing.OrchestratorFixture;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * When a capsule is told to restart unhealthy services and when to leave them, on a host in memory.
 */
class SelfHealingTest {
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

  private int looksOf(Generation generation) {
    return host.healing.getOrDefault(generation.container(), 0);
  }

  /** A run owns what serves, by its thread. */
  private void superviseOnItsThread() {
    try {
      Thread.ofVirtual().start(service.control.reconciler()::superviseOnce).join();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private Generation serving() {
    return service.journal.serving().orElseThrow();
  }

  @Test
  void whatServesHealsAndACandidateDoesNotBeforeItsRunHasEnded() {
    Generation v1 = serving();
    assertEquals(0, looksOf(v1), "not before the run of its up has ended");
    service.control.reconciler().superviseOnce();
    assertEquals(3, looksOf(v1));

    List<Integer> inRun = new ArrayList<>();
    service.eventListener =
        event -> {
          if (List.of("quiesce", "verify", "bake").contains(event.step())
              && event.phase().equals("intent")) {
            superviseOnItsThread();
            inRun.add(host.healing.values().stream().mapToInt(looks -> looks).sum());
          }
        };
    service.control.upgrade("v2");
    assertEquals(List.of(0, 0, 0), inRun);
    service.control.reconciler().superviseOnce();
    assertEquals(3, looksOf(serving()));
    assertEquals(0, looksOf(v1));
  }

  @Test
  void whatServesOnAfterAFailedUpgradeHealsAgain() {
    service.control.reconciler().superviseOnce();
    host.unhealthy.add("v2");
    service.control.upgrade("v2");
    assertEquals(0, looksOf(serving()));
    service.control.reconciler().superviseOnce();
    assertEquals(3, looksOf(serving()));
  }
}
