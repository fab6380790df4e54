package dev.orchestrator.journal;

import dev.orchestrator.journal.SnapshotRecord.Proof;
import dev.orchestrator.journal.SnapshotRecord.Reason;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The table of snapshots, in the caller's transaction. */
final class SnapshotTable {

  private SnapshotTable() {}

  /** Adds a snapshot; no effect where its generation has a name already. */
  static void add(Connection connection, SnapshotRecord snapshot) throws SQLException {
    SqlStatements.update(
        connection,
        "INSERT INTO snapshot (name, generation, reason, created, bytes, shared, pause, proven,"
            + " settings) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (generation) DO NOTHING",
        snapshot.name(),
        snapshot.generation(),
        snapshot.reason().name(),
        snapshot.created(),
        snapshot.bytes(),
        snapshot.shared(),
        snapshot.pauseMillis(),
        snapshot.proven(),
        snapshot.settings());
  }

  /** All snapshots, oldest first. */
  static List<SnapshotRecord> all(Connection connection) throws SQLException {
    return SqlStatements.list(
        connection, SnapshotTable::row, "SELECT * FROM snapshot ORDER BY created, generation");
  }

  static Optional<SnapshotRecord> find(Connection connection, String name) throws SQLException {
    return SqlStatements.first(
        connection, SnapshotTable::row, "SELECT * FROM snapshot WHERE name = ?", name);
  }

  /** Takes the name from a generation's data; no effect where it has none. */
  static void remove(Connection connection, int generation) throws SQLException {
    SqlStatements.update(connection, "DELETE FROM snapshot WHERE generation = ?", generation);
  }

  /** Writes down what a proof has found; no effect where the generation has no name. */
  static void prove(Connection connection, int generation, Proof proof) throws SQLException {
    SqlStatements.update(
        connection,
        "UPDATE snapshot SET proof_run = ?, proof_at = ?, proof_good = ?, proof_text = ?,"
            + " proven = CASE WHEN ? THEN ? ELSE proven END WHERE generation = ?",
        proof.run(),
        proof.at(),
        proof.good() ? 1 : 0,
        proof.text(),
        proof.good() ? 1 : 0,
        proof.at(),
        generation);
  }

  private static @Nullable Proof proof(ResultSet row) throws SQLException {
    String run = row.getString("proof_run");
    return run == null
        ? null
        : new Proof(
            run,
            Instant.parse(row.getString("proof_at")),
            row.getInt("proof_good") == 1,
            row.getString("proof_text"));
  }

  private static SnapshotRecord row(ResultSet row) throws SQLException {
    try {
      String proven = row.getString("proven");
      return new SnapshotRecord(
          row.getString("name"),
          row.getInt("generation"),
          Reason.valueOf(row.getString("reason")),
          Instant.parse(row.getString("created")),
          row.getLong("bytes"),
          row.getLong("shared"),
          row.getLong("pause"),
          proven == null ? null : Instant.parse(proven),
          row.getString("settings"),
          proof(row));
    } catch (IllegalArgumentException e) {
      throw new JournalDatabase.UnreadableRow("a snapshot can't be read: " + e.getMessage(), e);
    }
  }
}
