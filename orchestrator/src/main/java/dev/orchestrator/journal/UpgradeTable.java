package dev.orchestrator.journal;

import dev.orchestrator.common.NotYetException;
import dev.orchestrator.journal.UpgradeRecord.Kind;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The tables of runs, their steps and their attachments, in the caller's transaction. */
final class UpgradeTable {

  private UpgradeTable() {}

  static UpgradeRecord begin(
      Connection connection,
      Kind kind,
      String fromVersion,
      String toVersion,
      @Nullable Integer blue,
      @Nullable Integer candidate,
      Instant now)
      throws SQLException {
    Optional<UpgradeRecord> other = running(connection);
    if (other.isPresent()) {
      throw new NotYetException(refusal(other.get(), lastStep(connection, other.get().id())));
    }
    int number =
        SqlStatements.first(
                connection,
                row -> row.getInt(1),
                "INSERT INTO upgrade (kind, from_version, to_version, from_generation,"
                    + " to_generation, outcome, reason, started) VALUES (?, ?, ?, ?, ?, 'RUNNING',"
                    + " '', ?) RETURNING number",
                kind.name(),
                fromVersion,
                toVersion,
                blue,
                candidate,
                now)
            .orElseThrow();
    return new UpgradeRecord(
        "u" + number,
        kind,
        fromVersion,
        toVersion,
        blue,
        candidate,
        Outcome.RUNNING,
        "",
        now,
        null);
  }

  /** Refuses a run because of the run that is under way. */
  private static String refusal(UpgradeRecord running, String step) {
    String versions =
        running.fromVersion().isEmpty() || running.fromVersion().equals(running.toVersion())
            ? running.toVersion()
            : running.fromVersion() + " to " + running.toVersion();
    return "%s is running (%s %s, since %s%s): wait for its end, or see `orchestrator show %s`"
        .formatted(
            running.id(),
            running.kindText(),
            versions,
            running.started(),
            step.isEmpty() ? "" : ", at step " + step,
            running.id());
  }

  private static String lastStep(Connection connection, String id) throws SQLException {
    return SqlStatements.first(
            connection,
            row -> row.getString(1),
            "SELECT step FROM step WHERE upgrade = ? ORDER BY sequence DESC LIMIT 1",
            number(id))
        .orElse("");
  }

  static void candidate(Connection connection, String id, int generation) throws SQLException {
    change(connection, id, "to_generation = ?", generation);
  }

  static void switched(Connection connection, String id, int generation, Instant now)
      throws SQLException {
    change(connection, id, "switched_to = ?, switched = ?", generation, now);
  }

  static void end(Connection connection, String id, Outcome outcome, String reason, Instant now)
      throws SQLException {
    change(
        connection, id, "outcome = ?, reason = ?, ended = ?", outcome.name(), oneLine(reason), now);
  }

  static void settle(Connection connection, String id, String reason) throws SQLException {
    SqlStatements.update(
        connection,
        "UPDATE upgrade SET outcome = 'ROLLED_BACK', reason = reason || '; ' || ?"
            + " WHERE number = ? AND outcome = 'NEEDS_ATTENTION'",
        oneLine(reason),
        number(id));
  }

  /** Changes the record of a run that is under way; no other record ever changes. */
  private static void change(
      Connection connection, String id, String assignments, @Nullable Object... values)
      throws SQLException {
    @Nullable Object[] all = Arrays.copyOf(values, values.length + 1);
    all[values.length] = number(id);
    int changed =
        SqlStatements.update(
            connection,
            "UPDATE upgrade SET " + assignments + " WHERE number = ? AND outcome = 'RUNNING'",
            all);
    if (changed != 1) {
      throw new IllegalStateException("upgrade " + id + " is not running");
    }
  }

  static StepRecord append(
      Connection connection,
      String id,
      String step,
      StepRecord.Phase phase,
      String detail,
      Instant now)
      throws SQLException {
    int sequence =
        SqlStatements.first(
                connection,
                row -> row.getInt(1),
                "SELECT coalesce(max(sequence), 0) + 1 FROM step WHERE upgrade = ?",
                number(id))
            .orElseThrow();
    SqlStatements.update(
        connection,
        "INSERT INTO step (upgrade, sequence, step, phase, at, detail) VALUES (?, ?, ?, ?, ?, ?)",
        number(id),
        sequence,
        step,
        phase.name(),
        now,
        oneLine(detail));
    return new StepRecord(id, sequence, step, phase, now, oneLine(detail));
  }

  static void attach(Connection connection, String id, String key, String json)
      throws SQLException {
    SqlStatements.update(
        connection,
        "INSERT INTO attachment (upgrade, key, json) VALUES (?, ?, ?)"
            + " ON CONFLICT DO UPDATE SET json = excluded.json",
        number(id),
        key,
        json);
  }

  static Optional<String> attachment(Connection connection, String id, String key)
      throws SQLException {
    return SqlStatements.first(
        connection,
        row -> row.getString(1),
        "SELECT json FROM attachment WHERE upgrade = ? AND key = ?",
        number(id),
        key);
  }

  static Optional<UpgradeRecord> running(Connection connection) throws SQLException {
    return SqlStatements.first(
        connection, UpgradeTable::row, "SELECT * FROM upgrade WHERE outcome = 'RUNNING'");
  }

  static Optional<UpgradeRecord> find(Connection connection, String id) throws SQLException {
    return SqlStatements.first(
        connection, UpgradeTable::row, "SELECT * FROM upgrade WHERE number = ?", number(id));
  }

  static List<UpgradeRecord> newestFirst(Connection connection) throws SQLException {
    return SqlStatements.list(
        connection, UpgradeTable::row, "SELECT * FROM upgrade ORDER BY number DESC");
  }

  static Optional<UpgradeRecord> newest(Connection connection) throws SQLException {
    return SqlStatements.first(
        connection, UpgradeTable::row, "SELECT * FROM upgrade ORDER BY number DESC LIMIT 1");
  }

  static Optional<SwitchRecord> lastSwitch(Connection connection, String id) throws SQLException {
    return SqlStatements.first(
        connection,
        row ->
            new SwitchRecord(row.getInt("switched_to"), Instant.parse(row.getString("switched"))),
        "SELECT * FROM upgrade WHERE number = ? AND switched IS NOT NULL",
        number(id));
  }

  static List<StepRecord> steps(Connection connection, String id) throws SQLException {
    return SqlStatements.list(
        connection,
        row -> step(id, row),
        "SELECT * FROM step WHERE upgrade = ? ORDER BY sequence",
        number(id));
  }

  /** The row number of the id {@code u7}; 0, which no row has, for a text that is no id. */
  static int number(String id) {
    return id.matches("u[1-9][0-9]{0,8}") ? Integer.parseInt(id.substring(1)) : 0;
  }

  private static StepRecord step(String id, ResultSet row) throws SQLException {
    try {
      return new StepRecord(
          id,
          row.getInt("sequence"),
          row.getString("step"),
          StepRecord.Phase.valueOf(row.getString("phase")),
          Instant.parse(row.getString("at")),
          row.getString("detail"));
    } catch (IllegalArgumentException e) {
      throw new JournalDatabase.UnreadableRow("a step can't be read: " + e.getMessage(), e);
    }
  }

  private static UpgradeRecord row(ResultSet row) throws SQLException {
    try {
      String ended = row.getString("ended");
      return new UpgradeRecord(
          "u" + row.getInt("number"),
          Kind.valueOf(row.getString("kind")),
          row.getString("from_version"),
          row.getString("to_version"),
          integer(row, "from_generation"),
          integer(row, "to_generation"),
          Outcome.valueOf(row.getString("outcome")),
          row.getString("reason"),
          Instant.parse(row.getString("started")),
          ended == null ? null : Instant.parse(ended));
    } catch (IllegalArgumentException e) {
      throw new JournalDatabase.UnreadableRow("an upgrade can't be read: " + e.getMessage(), e);
    }
  }

  private static @Nullable Integer integer(ResultSet row, String column) throws SQLException {
    int value = row.getInt(column);
    return row.wasNull() ? null : value;
  }

  private static String oneLine(String text) {
    return text.replaceAll("\\s*\\R\\s*", " ").strip();
  }
}
