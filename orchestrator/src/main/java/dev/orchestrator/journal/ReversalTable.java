package dev.orchestrator.journal;

import com.fasterxml.jackson.core.type.TypeReference;
import dev.orchestrator.common.Json;
import dev.orchestrator.journal.ReversalRecord.Label;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;

/** The table of what the last rehearsal of each version has found of the way back from it. */
final class ReversalTable {
  private static final TypeReference<List<String>> LINES = new TypeReference<>() {};

  private ReversalTable() {}

  /** Replaces what is known of the version. */
  static void put(Connection connection, ReversalRecord reversal) throws SQLException {
    SqlStatements.update(
        connection,
        "INSERT OR REPLACE INTO reversal (version, content, run, from_version, from_content, at,"
            + " label, reason, changes, conclusive) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        reversal.version(),
        reversal.content(),
        reversal.run(),
        reversal.fromVersion(),
        reversal.fromContent(),
        reversal.at(),
        reversal.label().name(),
        reversal.reason(),
        Json.write(reversal.changes()),
        reversal.conclusive() ? 1 : 0);
  }

  static void remove(Connection connection, String version) throws SQLException {
    SqlStatements.update(connection, "DELETE FROM reversal WHERE version = ?", version);
  }

  static List<ReversalRecord> all(Connection connection) throws SQLException {
    return SqlStatements.list(
        connection, ReversalTable::row, "SELECT * FROM reversal ORDER BY version");
  }

  private static ReversalRecord row(ResultSet row) throws SQLException {
    return new ReversalRecord(
        row.getString("version"),
        row.getString("content"),
        row.getString("run"),
        row.getString("from_version"),
        row.getString("from_content"),
        Instant.parse(row.getString("at")),
        Label.valueOf(row.getString("label")),
        row.getString("reason"),
        Json.read(row.getString("changes"), LINES),
        row.getInt("conclusive") == 1);
  }
}
