package dev.orchestrator.journal;

import com.fasterxml.jackson.core.type.TypeReference;
import dev.orchestrator.common.Json;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The table of the last rehearsal of each version, in the caller's transaction. */
final class RehearsalTable {
  private static final TypeReference<Map<String, Long>> SERVICES = new TypeReference<>() {};

  private RehearsalTable() {}

  /** Replaces the last rehearsal of the version. */
  static void put(Connection connection, RehearsalRecord rehearsal) throws SQLException {
    SqlStatements.update(
        connection,
        "INSERT OR REPLACE INTO rehearsal (version, content, run, from_generation, data_at, good,"
            + " stall, healthy, services, reason, stop, last_pass, memory, disk, changed) VALUES"
            + " (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        rehearsal.version(),
        rehearsal.content(),
        rehearsal.run(),
        rehearsal.from(),
        rehearsal.dataAt(),
        rehearsal.good() ? 1 : 0,
        rehearsal.stallMillis(),
        rehearsal.healthyMillis(),
        Json.write(rehearsal.services()),
        rehearsal.reason(),
        rehearsal.stopMillis(),
        rehearsal.lastPassMillis(),
        rehearsal.memory(),
        rehearsal.disk(),
        Json.write(rehearsal.changed()));
  }

  /** All, newest data first. */
  static List<RehearsalRecord> newestFirst(Connection connection) throws SQLException {
    return SqlStatements.list(
        connection, RehearsalTable::row, "SELECT * FROM rehearsal ORDER BY data_at DESC, version");
  }

  static Optional<RehearsalRecord> of(Connection connection, String version) throws SQLException {
    return SqlStatements.first(
        connection, RehearsalTable::row, "SELECT * FROM rehearsal WHERE version = ?", version);
  }

  private static RehearsalRecord row(ResultSet row) throws SQLException {
    return new RehearsalRecord(
        row.getString("version"),
        row.getString("content"),
        row.getString("run"),
        row.getInt("from_generation"),
        Instant.parse(row.getString("data_at")),
        row.getInt("good") == 1,
        row.getLong("stall"),
        row.getLong("healthy"),
        Json.read(row.getString("services"), SERVICES),
        row.getString("reason"),
        row.getLong("stop"),
        row.getLong("last_pass"),
        row.getLong("memory"),
        row.getLong("disk"),
        Json.read(row.getString("changed"), RehearsalRecord.Changed.class));
  }
}
