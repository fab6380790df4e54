package dev.orchestrator.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.capsule.DatabaseSchema;
import dev.orchestrator.capsule.FigureAnswer;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.settings.DataSettings.Quiesce;
import dev.orchestrator.settings.Expectation;
import dev.orchestrator.settings.Invariant;
import dev.orchestrator.stack.SnapshotRequest;
import dev.orchestrator.testing.Rotates;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Proofs of snapshots of real MariaDB and PostgreSQL servers, of good and of damaged data. The
 * servers are healthy on either.
 */
@Tag("engine")
@Rotates
class DatabaseProofEngineTest {
  @TempDir Path directory;

  private static Receipt done(DatabaseProjectFixture project, String run)
      throws InterruptedException {
    Receipt receipt = project.await(run);
    assertEquals(Outcome.DONE, receipt.upgrade().outcome(), receipt.upgrade().reason());
    return receipt;
  }

  /** What the last proof of a snapshot has found. */
  private static String found(DatabaseProjectFixture project, String snapshot) {
    return Objects.requireNonNull(project.control().snapshot(snapshot).lastProof()).text();
  }

  private static Invariant invariant(String service, Invariant.Figure figure) {
    return new Invariant(
        service, service, figure, Expectation.NOT_LESS, Duration.ofSeconds(20), false);
  }

  /** Real servers answer the questions of invariants, and those for their schemas. */
  private static void assertAnswers(DatabaseProjectFixture project) {
    List<FigureAnswer> figures =
        project
            .serving()
            .figures(
                List.of(
                    invariant("mariadb", new Invariant.Table("ledger", "entry")),
                    invariant("postgres", new Invariant.Query("", "SELECT count(*) FROM entry")),
                    invariant("ledger", new Invariant.Table("/var/lib/ledger/rows.db", "row"))),
                Duration.ofSeconds(30));
    assertTrue(
        figures.stream().allMatch(each -> each.isKnown() && !each.value().equals("0")),
        figures.toString());
    List<String> refused =
        project
            .serving()
            .figures(
                List.of(
                    invariant("mariadb", new Invariant.Query("ledger", "DELETE FROM entry")),
                    invariant("postgres", new Invariant.Query("", "DELETE FROM entry")),
                    invariant(
                        "ledger",
                        new Invariant.Query("/var/lib/ledger/rows.db", "DELETE FROM row"))),
                Duration.ofSeconds(30))
            .stream()
            .map(FigureAnswer::problem)
            .toList();
    assertTrue(
        refused.stream().allMatch(each -> each.toLowerCase(Locale.ROOT).matches(".*read.?only.*")),
        refused.toString());
    Map<String, Set<String>> tables = new TreeMap<>();
    for (DatabaseSchema schema : project.serving().schemas(Duration.ofSeconds(60))) {
      if (!schema.tables().isEmpty()) {
        tables.put(schema.service() + " " + schema.database(), schema.tables().keySet());
      }
    }
    assertTrue(
        tables.getOrDefault("mariadb ledger", Set.of()).contains("entry")
            && tables.getOrDefault("postgres ledger", Set.of()).contains("public.entry")
            && tables.getOrDefault("ledger /var/lib/ledger/rows.db", Set.of()).contains("row"),
        tables.toString());
  }

  private static String fileOfPostgres(DatabaseProjectFixture project) throws SQLException {
    String url =
        "jdbc:postgresql://127.0.0.1:%d/ledger?user=ledger&password=demo-ledger&sslmode=disable"
            .formatted(project.postgresPort);
    try (Connection connection = DriverManager.getConnection(url);
        Statement statement = connection.createStatement();
        ResultSet path = statement.executeQuery("SELECT pg_relation_filepath('entry')")) {
      assertTrue(path.next());
      return path.getString(1);
    }
  }

  @Test
  void damagedTablesAreFoundByTheServersOwnToolsAndNamed() throws Exception {
    try (DatabaseProjectFixture project = new DatabaseProjectFixture(directory);
        DatabaseClients clients = new DatabaseClients(project, 1)) {
      Receipt adopted = project.adopt();
      assertEquals(Outcome.DONE, adopted.upgrade().outcome(), adopted.upgrade().reason());
      clients.start();
      done(
          project,
          project.control().createSnapshot(SnapshotRequest.manual("frozen", Quiesce.FREEZE)));
      // With what is in memory on the disk: otherwise the logs would mend the files at the start.
      done(
          project,
          project.control().createSnapshot(SnapshotRequest.manual("stopped", Quiesce.STOP)));
      Set<String> before = Set.copyOf(project.leftOver());

      assertAnswers(project);
      done(project, project.control().proveSnapshot("frozen"));
      String good = found(project, "frozen");
      assertTrue(good.contains("mariadb, mariadb: "), good);
      assertTrue(good.contains(" tables are good (mariadb-check)"), good);
      assertTrue(good.contains("postgres, postgres: 3 databases are good (pg_amcheck)"), good);
      assertTrue(good.contains("rows.db: integrity_check is ok"), good);

      project.damage("stopped", "volumes/mariadb/ledger/entry.ibd", 3 * 16384 + 200);
      project.damage("stopped", "volumes/postgres/" + fileOfPostgres(project), 4096);
      Receipt damaged = project.await(project.control().proveSnapshot("stopped"));
      assertEquals(Outcome.ROLLED_BACK, damaged.upgrade().outcome());
      String bad = found(project, "stopped");
      System.out.println(bad);
      assertTrue(
          bad.startsWith("check-databases: mariadb, mariadb: mariadb-check: ledger.entry: "), bad);
      assertTrue(
          bad.contains("; postgres, postgres: pg_amcheck: heap table \"ledger.public.entry\""),
          bad);
      assertEquals(before, Set.copyOf(project.leftOver()), "nothing of a proof is left");
      clients.assertServed("while snapshots were made and proven", clients.acknowledged());
    }
  }
}
