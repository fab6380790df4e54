package dev.orchestrator.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.demo.SqlLoad.Connections;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.testing.RunWatcher;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A compose project with MariaDB that runs on the host's engine is adopted while clients write
 * through its published port: nothing that was acknowledged is lost, nobody is refused.
 */
@Tag("engine")
class AdoptionEngineTest {

  @TempDir Path directory;

  private static void assertDone(Receipt receipt) {
    assertEquals(Outcome.DONE, receipt.upgrade().outcome(), receipt.upgrade().reason());
  }

  private static void assertNothingLost(NumberedLoad load, Set<Long> acknowledged, String when)
      throws IOException {
    assertEquals(Set.of(), load.missing(acknowledged), when + ": acknowledged and lost");
  }

  @Test
  void isAdoptedUndoneAndAdoptedAgainUnderLoad() throws Exception {
    try (AdoptedProjectFixture project = new AdoptedProjectFixture(directory)) {
      String original = project.database().id();
      try (SqlLoad open = SqlLoad.mariadb(project.port, "open", Connections.KEPT);
          SqlLoad fresh = SqlLoad.mariadb(project.port, "fresh", Connections.FRESH)) {
        open.start();
        fresh.start();
        Set<Long> before = fresh.acknowledged();
        Receipt adopted = project.await(project.control().adopt(project.read()), event -> {});
        assertDone(adopted);
        Set<Long> acknowledgedAtAdoption = fresh.acknowledged();
        assertEquals(0, fresh.refused() + open.refused(), "refused: " + fresh.failures());
        assertNothingLost(fresh, acknowledgedAtAdoption, "adopted");
        assertNothingLost(open, open.acknowledged(), "adopted");
        assertEquals(original, project.database().id());
        assertEquals("exited", project.database().state());
        System.out.printf(
            "adopted: %d connections, longest write %d ms, %s%n",
            acknowledgedAtAdoption.size(), fresh.longestMillis(), adopted.traffic());

        Receipt undone = project.await(project.control().undoAdopt(), event -> {});
        assertDone(undone);
        assertEquals(0, fresh.refused() + open.refused(), "refused: " + fresh.failures());
        assertEquals("running", project.database().state());
        assertEquals(original, project.database().id());
        assertEquals(List.of(), project.leftOver());
        fresh.stop();
        open.stop();
        assertNothingLost(fresh, before, "undone");
        System.out.printf(
            "undone: longest write %d ms, %s%n", fresh.longestMillis(), undone.traffic());
      }
      try (SqlLoad fresh = SqlLoad.mariadb(project.port, "fresh", Connections.FRESH)) {
        // The rows of the time when the stack served went with it.
        Set<Long> there = fresh.found();
        assertTrue(!there.isEmpty(), "the project's own rows");
        assertDone(project.await(project.control().adopt(project.read()), event -> {}));
        assertEquals(there, fresh.found());
      }
    }
  }

  @Test
  void oneOfTheTwoServesWhereverTheServiceIsCutOff() throws Exception {
    try (AdoptedProjectFixture project = new AdoptedProjectFixture(directory);
        SqlLoad load = SqlLoad.mariadb(project.port, "load", Connections.KEPT)) {
      load.start();
      for (String step : List.of("intercept", "stop-original", "sync", "start")) {
        String run = project.control().adopt(project.read());
        CompletableFuture<Void> reached = new CompletableFuture<>();
        CompletableFuture<Void> cutOff = reached.thenRunAsync(project::restart);
        try (var _ =
            project
                .control()
                .watch(run, RunWatcher.onPhase(step, "intent", () -> reached.complete(null)))) {
          cutOff.get(2, TimeUnit.MINUTES);
        }
        Receipt receipt = project.await(run, event -> {});
        assertEquals(Outcome.ROLLED_BACK, receipt.upgrade().outcome(), step);
        assertEquals("running", project.database().state(), step);
        assertNothingLost(load, load.acknowledged(), "cut off in " + step);
        assertEquals(List.of(), project.leftOver(), step);
      }
    }
  }
}
