package dev.orchestrator.journal;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** The table of quarantined versions, in the caller's transaction. */
final class QuarantineTable {
  /** Before the reason of one that a rehearsal has found. */
  private static final String REHEARSAL = "rehearsal: ";

  private QuarantineTable() {}

  static void add(Connection connection, QuarantineRecord quarantine) throws SQLException {
    SqlStatements.update(
        connection,
        "INSERT INTO quarantine (version, content, reason, since) VALUES (?, ?, ?, ?)"
            + " ON CONFLICT DO UPDATE SET reason = excluded.reason, since = excluded.since",
        quarantine.version(),
        quarantine.content(),
        quarantine.reason(),
        quarantine.since());
  }

  /** Adds one for which a rehearsal is the reason. */
  static void addOfRehearsal(Connection connection, QuarantineRecord quarantine)
      throws SQLException {
    add(
        connection,
        new QuarantineRecord(
            quarantine.version(),
            quarantine.content(),
            REHEARSAL + quarantine.reason(),
            quarantine.since()));
  }

  /** Removes one for which a rehearsal is the reason; no effect where there is another reason. */
  static void removeOfRehearsal(Connection connection, String version, String content)
      throws SQLException {
    SqlStatements.update(
        connection,
        "DELETE FROM quarantine WHERE version = ? AND content = ? AND reason LIKE ? || '%'",
        version,
        content,
        REHEARSAL);
  }

  static List<QuarantineRecord> newestFirst(Connection connection) throws SQLException {
    return SqlStatements.list(
        connection,
        QuarantineTable::row,
        "SELECT * FROM quarantine ORDER BY since DESC, rowid DESC");
  }

  static Optional<QuarantineRecord> of(Connection connection, String version) throws SQLException {
    return newestFirst(connection).stream()
        .filter(quarantine -> quarantine.version().equals(version))
        .findFirst();
  }

  /** A version that failed before its content was known is in quarantine with any content. */
  static Optional<QuarantineRecord> of(Connection connection, String version, String content)
      throws SQLException {
    return newestFirst(connection).stream()
        .filter(quarantine ->
            quarantine.content().isEmpty()
                ? quarantine.version().equals(version)
                : quarantine.content().equals(content))
        .findFirst();
  }

  static int remove(Connection connection, String version) throws SQLException {
    return SqlStatements.update(connection, "DELETE FROM quarantine WHERE version = ?", version);
  }

  private static QuarantineRecord row(ResultSet row) throws SQLException {
    return new QuarantineRecord(
        row.getString("version"),
        row.getString("content"),
        row.getString("reason"),
        Instant.parse(row.getString("since")));
  }
}
