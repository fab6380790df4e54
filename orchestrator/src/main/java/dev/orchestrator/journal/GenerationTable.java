package dev.orchestrator.journal;

import com.fasterxml.jackson.core.type.TypeReference;
import dev.orchestrator.common.Json;
import dev.orchestrator.data.DataVolume;
import dev.orchestrator.engine.RemoteEngine;
import dev.orchestrator.journal.Generation.State;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The table of generations, in the caller's transaction. */
final class GenerationTable {

  private static final TypeReference<Map<String, Integer>> PORTS = new TypeReference<>() {};
  private static final TypeReference<List<DataVolume>> VOLUMES = new TypeReference<>() {};

  private GenerationTable() {}

  static int next(Connection connection) throws SQLException {
    return SqlStatements.first(
            connection,
            row -> row.getInt(1),
            "UPDATE stack SET last_generation = last_generation + 1 RETURNING last_generation")
        .orElseThrow();
  }

  static void add(Connection connection, Generation generation) throws SQLException {
    SqlStatements.update(
        connection,
        "INSERT INTO generation (number, version, content, image, container, volumes,"
            + " store_volume, ports, created, elsewhere, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?,"
            + " ?, 'CANDIDATE')",
        generation.number(),
        generation.version(),
        generation.content(),
        generation.image(),
        generation.container(),
        Json.write(generation.volumes()),
        generation.storeVolume(),
        Json.write(generation.ports()),
        generation.created(),
        generation.elsewhere() == null ? null : Json.write(generation.elsewhere()));
    SqlStatements.update(
        connection,
        "UPDATE stack SET last_generation = max(last_generation, ?)",
        generation.number());
  }

  static List<GenerationRecord> all(Connection connection) throws SQLException {
    return SqlStatements.list(
        connection, GenerationTable::row, "SELECT * FROM generation ORDER BY number");
  }

  static Optional<GenerationRecord> serving(Connection connection) throws SQLException {
    return SqlStatements.first(
        connection, GenerationTable::row, "SELECT * FROM generation WHERE state = 'SERVING'");
  }

  /** The newest generation that was replaced by a newer one. */
  static Optional<GenerationRecord> previous(Connection connection) throws SQLException {
    return SqlStatements.first(
        connection,
        GenerationTable::row,
        "SELECT * FROM generation WHERE state = 'KEPT' ORDER BY number DESC LIMIT 1");
  }

  static void state(Connection connection, int number, State state) throws SQLException {
    requireOneRow(
        number,
        SqlStatements.update(
            connection, "UPDATE generation SET state = ? WHERE number = ?", state.name(), number));
    if (state == State.REMOVED) {
      SnapshotTable.remove(connection, number);
    }
  }

  /** Replaces the image, the content and the ports of a generation. */
  static void image(Connection connection, Generation generation) throws SQLException {
    requireOneRow(
        generation.number(),
        SqlStatements.update(
            connection,
            "UPDATE generation SET image = ?, content = ?, ports = ? WHERE number = ?",
            generation.image(),
            generation.content(),
            Json.write(generation.ports()),
            generation.number()));
  }

  /** Replaces the volumes of a generation. */
  static void volumes(Connection connection, int number, List<DataVolume> volumes)
      throws SQLException {
    requireOneRow(
        number,
        SqlStatements.update(
            connection,
            "UPDATE generation SET volumes = ? WHERE number = ?",
            Json.write(volumes),
            number));
  }

  /**
   * Makes a generation serve. The generation that served leaves first: two never serve, not even
   * inside the transaction. It is kept when a newer generation replaces it; else something is wrong
   * with it, and it is set aside.
   *
   * @param rollback whether a rollback switches to its goal: then the other is set aside even if it
   *     is older
   */
  static void serve(Connection connection, int number, boolean rollback) throws SQLException {
    SqlStatements.update(
        connection,
        "UPDATE generation SET state = CASE WHEN number < ? AND NOT ? THEN 'KEPT' ELSE 'SET_ASIDE'"
            + " END WHERE state = 'SERVING' AND number <> ?",
        number,
        rollback ? 1 : 0,
        number);
    requireOneRow(
        number,
        SqlStatements.update(
            connection,
            "UPDATE generation SET state = 'SERVING' WHERE number = ? AND state NOT IN ('REMOVED',"
                + " 'SNAPSHOT')",
            number));
    // What serves is written to: it is the data of no moment.
    SnapshotTable.remove(connection, number);
  }

  /** Leaves no generation serving. */
  static void setAsideServing(Connection connection) throws SQLException {
    SqlStatements.update(
        connection, "UPDATE generation SET state = 'SET_ASIDE' WHERE state = 'SERVING'");
  }

  private static void requireOneRow(int number, int changed) {
    if (changed != 1) {
      throw new IllegalArgumentException("no generation " + number + " in the journal");
    }
  }

  private static @Nullable RemoteEngine elsewhere(@Nullable String json) {
    return json == null ? null : Json.read(json, RemoteEngine.class);
  }

  private static GenerationRecord row(ResultSet row) throws SQLException {
    try {
      return new GenerationRecord(
          new Generation(
              row.getInt("number"),
              row.getString("version"),
              row.getString("content"),
              row.getString("image"),
              row.getString("container"),
              List.copyOf(Json.read(row.getString("volumes"), VOLUMES)),
              row.getString("store_volume"),
              Map.copyOf(Json.read(row.getString("ports"), PORTS)),
              Instant.parse(row.getString("created")),
              elsewhere(row.getString("elsewhere"))),
          State.valueOf(row.getString("state")));
    } catch (IllegalArgumentException e) {
      throw new JournalDatabase.UnreadableRow("a generation can't be read: " + e.getMessage(), e);
    }
  }
}
