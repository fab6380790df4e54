package dev.orchestrator.stack;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.journal.UpgradeRecord;
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

/** An up that does not get healthy, on a host in memory: nothing served before it. */
class FailedUpTest {
  @TempDir(factory = InMemoryFolder.class)
  Path home;

  private final FakeHost host = new FakeHost();
  private OrchestratorFixture service;

  private UpgradeRecord up(String version) {
    return service.journal.upgrade(service.control.up(version)).orElseThrow();
  }

  private List<String> logs() {
    return service.control.logs(null, 10);
  }

  @BeforeEach
  void start() {
    service = new OrchestratorFixture(host, home);
  }

  @AfterEach
  void stop() {
    service.close();
  }

  @Test
  void hasLogsDuringItAndAfterItAndIsCalledFailed() {
    host.unhealthy.add("v1");
    assertThrows(RefusedException.class, this::logs, "nothing was brought up yet");
    List<List<String>> during = new ArrayList<>();
    service.eventListener =
        event -> {
          if (event.step().equals("verify") && event.phase().equals("intent")) {
            during.add(logs());
          }
        };

    UpgradeRecord failed = up("v1");

    assertEquals("failed", failed.outcomeText(), failed.toString());
    assertEquals(1, during.size());
    assertTrue(during.getFirst().getFirst().startsWith("log of "), during.toString());
    assertTrue(logs().stream().anyMatch(line -> line.startsWith("log of ")), "saved: " + logs());
  }

  @Test
  void afterADownHasLogsToo() {
    up("v1");
    service.control.down(Control.Removal.NOTHING);
    host.unhealthy.add("v1");

    assertEquals("failed", up("v1").outcomeText());

    assertTrue(logs().stream().anyMatch(line -> line.startsWith("log of ")), "saved: " + logs());
  }

  @Test
  void anUpgradeThatFailsIsRolledBackAsBefore() {
    up("v1");
    host.unhealthy.add("v2");
    String id = service.control.upgrade("v2");
    assertEquals("rolled back", service.journal.upgrade(id).orElseThrow().outcomeText());
  }
}
