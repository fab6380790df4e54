package dev.orchestrator.journal;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Runs SQL statements. Instants are kept as ISO text, which a person can read in the file. */
final class SqlStatements {

  /** Turns a row into a value. */
  interface Mapper<T> {
    T map(ResultSet row) throws SQLException;
  }

  private SqlStatements() {}

  /** Runs a statement that changes rows; returns how many it changed. */
  static int update(Connection connection, String sql, @Nullable Object... values)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      bind(statement, values);
      return statement.executeUpdate();
    }
  }

  /** Runs a query; returns all its rows. */
  static <T> List<T> list(
      Connection connection, Mapper<T> mapper, String sql, @Nullable Object... values)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      bind(statement, values);
      try (ResultSet rows = statement.executeQuery()) {
        List<T> result = new ArrayList<>();
        while (rows.next()) {
          result.add(mapper.map(rows));
        }
        return List.copyOf(result);
      }
    }
  }

  /** Runs a query; returns its first row. */
  static <T> Optional<T> first(
      Connection connection, Mapper<T> mapper, String sql, @Nullable Object... values)
      throws SQLException {
    return list(connection, mapper, sql, values).stream().findFirst();
  }

  private static void bind(PreparedStatement statement, @Nullable Object[] values)
      throws SQLException {
    for (int i = 0; i < values.length; i++) {
      Object value = values[i];
      switch (value) {
        case null -> statement.setObject(i + 1, null);
        case Integer number -> statement.setInt(i + 1, number);
        case Long number -> statement.setLong(i + 1, number);
        default -> statement.setString(i + 1, value.toString());
      }
    }
  }
}
