package dev.orchestrator.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.testing.RunWatcher;
import java.io.IOException;
import java.net.ConnectException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
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

  /** Inserts rows, each on a connection of its own: who listens at that moment answers it. */
  private static final class FreshConnections extends NumberedLoad {
    private final String url;

    FreshConnections(int port) {
      super("fresh connections");
      url =
          "jdbc:mariadb://127.0.0.1:%d/ledger?user=ledger&password=demo-ledger&sslMode=disable&connectTimeout=60000&socketTimeout=60000"
              .formatted(port);
    }

    @Override
    void write(long number) throws IOException {
      try (Connection connection = DriverManager.getConnection(url);
          PreparedStatement insert =
              connection.prepareStatement("INSERT INTO entry VALUES ('fresh', ?)")) {
        insert.setLong(1, number);
        insert.executeUpdate();
      } catch (SQLException e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
          if (cause instanceof ConnectException refused) {
            throw refused;
          }
        }
        throw new IOException(e);
      }
    }

    @Override
    Set<Long> found() throws IOException {
      Set<Long> found = new TreeSet<>();
      try (Connection connection = DriverManager.getConnection(url);
          PreparedStatement select =
              connection.prepareStatement("SELECT seq FROM entry WHERE client = 'fresh'");
          var rows = select.executeQuery()) {
        while (rows.next()) {
          found.add(rows.getLong(1));
        }
      } catch (SQLException e) {
        throw new IOException(e);
      }
      return found;
    }
  }

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
      try (SqlLoad open = new SqlLoad(project.port, "open");
          FreshConnections fresh = new FreshConnections(project.port)) {
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
      try (FreshConnections fresh = new FreshConnections(project.port)) {
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
        SqlLoad load = new SqlLoad(project.port, "load")) {
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
