package dev.orchestrator.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.settings.DataSettings.Quiesce;
import dev.orchestrator.stack.SnapshotRequest;
import dev.orchestrator.testing.Rotates;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Objects;
import java.util.Set;
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
