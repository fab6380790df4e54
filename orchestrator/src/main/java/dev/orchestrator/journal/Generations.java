package dev.orchestrator.journal;

import com.fasterxml.jackson.core.type.TypeReference;
import dev.orchestrator.journal.Generation.State;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The generations' table. Each call is a part of the caller's transaction. */
final class Generations {

  private static final TypeReference<Map<String, Integer>> PORTS = new TypeReference<>() {};

  private Generations() {}

  static int next(Connection connection) throws SQLException {
    return Sql.first(
            connection,
            row -> row.getInt(1),
            "UPDATE stack SET last_generation = last_generation + 1 RETURNING last_generation")
        .orElseThrow();
  }

  static void add(Connection connection, Generation generation) throws SQLException {
    Sql.update(
        connection,
        "INSERT INTO generation (number, version, content, image, container, data_volume,"
            + " store_volume, ports, created, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?,"
            + " 'CANDIDATE')",
        generation.number(),
        generation.version(),
        generation.content(),
        generation.image(),
        generation.container(),
        generation.dataVolume(),
        generation.storeVolume(),
        Json.write(generation.ports()),
        generation.created());
    Sql.update(
        connection,
        "UPDATE stack SET last_generation = max(last_generation, ?)",
        generation.number());
  }

  static List<GenerationRow> all(Connection connection) throws SQLException {
    return Sql.list(connection, Generations::row, "SELECT * FROM generation ORDER BY number");
  }

  static Optional<GenerationRow> serving(Connection connection) throws SQLException {
    return Sql.first(
        connection, Generations::row, "SELECT * FROM generation WHERE state = 'SERVING'");
  }

  /** The newest that was left for a newer one. */
  static Optional<GenerationRow> previous(Connection connection) throws SQLException {
    return Sql.first(
        connection,
        Generations::row,
        "SELECT * FROM generation WHERE state = 'KEPT' ORDER BY number DESC LIMIT 1");
  }

  static void state(Connection connection, int number, State state) throws SQLException {
    require(
        number,
        Sql.update(
            connection, "UPDATE generation SET state = ? WHERE number = ?", state.name(), number));
  }

  /**
   * The other leaves service first: two never serve, not even inside the transaction. One that is
   * left for an older one has failed somebody: it is set aside.
   */
  static void serve(Connection connection, int number) throws SQLException {
    Sql.update(
        connection,
        "UPDATE generation SET state = CASE WHEN number < ? THEN 'KEPT' ELSE 'SET_ASIDE' END"
            + " WHERE state = 'SERVING' AND number <> ?",
        number,
        number);
    require(
        number,
        Sql.update(
            connection,
            "UPDATE generation SET state = 'SERVING' WHERE number = ? AND state <> 'REMOVED'",
            number));
  }

  private static void require(int number, int changed) {
    if (changed != 1) {
      throw new IllegalArgumentException("no generation " + number + " in the journal");
    }
  }

  private static GenerationRow row(ResultSet row) throws SQLException {
    try {
      return new GenerationRow(
          new Generation(
              row.getInt("number"),
              row.getString("version"),
              row.getString("content"),
              row.getString("image"),
              row.getString("container"),
              row.getString("data_volume"),
              row.getString("store_volume"),
              Map.copyOf(Json.read(row.getString("ports"), PORTS)),
              Instant.parse(row.getString("created"))),
          State.valueOf(row.getString("state")));
    } catch (IllegalArgumentException e) {
      throw new Database.UnreadableRow("a generation can't be read: " + e.getMessage(), e);
    }
  }
}
