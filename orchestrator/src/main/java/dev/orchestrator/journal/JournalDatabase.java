package dev.orchestrator.journal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.DateTimeException;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.sqlite.SQLiteErrorCode;

/**
 * The SQLite file of a journal. It has one connection, which runs one transaction at a time; a
 * transaction is on the disk when the call returns.
 *
 * <p>The file uses a write-ahead log with {@code synchronous = FULL}: a commit is one flush of the
 * log. SQLite's rollback journal would need {@code EXTRA}, with three flushes, for the same
 * promise. With {@code locking_mode = EXCLUSIVE} a second process is refused, and the kernel
 * releases the lock of a process that was killed.
 */
final class JournalDatabase implements AutoCloseable {

  /** The statements of a transaction. */
  interface Work<T extends @Nullable Object> {
    T run(Connection connection) throws SQLException;
  }

  private final Path file;
  private final Connection connection;
  private final ReentrantLock lock = new ReentrantLock();

  private JournalDatabase(Path file, Connection connection) {
    this.file = file;
    this.connection = connection;
  }

  static JournalDatabase open(Path file) {
    try {
      if (!Files.exists(file)) {
        if (Files.exists(log(file))) {
          throw damaged(
              file, "it is gone, and its log " + log(file).getFileName() + " is left", null);
        }
        JournalSchema.create(file);
      }
      if (Files.size(file) == 0) {
        throw damaged(file, "it is empty", null);
      }
    } catch (IOException | SQLException e) {
      throw new JournalException(
          file + ": can't make the journal: " + line(e) + "; check the folder and the free space",
          e);
    }
    try {
      return new JournalDatabase(file, connect(file));
    } catch (SQLException e) {
      throw translate(file, "opening", e);
    }
  }

  private static Connection connect(Path file) throws SQLException {
    Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
    try (Statement statement = connection.createStatement()) {
      statement.execute("PRAGMA locking_mode = EXCLUSIVE");
      statement.execute("PRAGMA synchronous = FULL");
      statement.execute("PRAGMA foreign_keys = ON");
      // SQLite takes the lock with the first write transaction, and keeps it.
      statement.execute("BEGIN IMMEDIATE");
      statement.execute("COMMIT");
      check(file, statement);
      return connection;
    } catch (SQLException | RuntimeException e) {
      close(connection, e);
      throw e;
    }
  }

  private static void check(Path file, Statement statement) throws SQLException {
    String found = singleValue(statement, "PRAGMA integrity_check(1)");
    if (!found.equals("ok")) {
      throw damaged(file, found.replaceAll("\\s+", " "), null);
    }
    int version = Integer.parseInt(singleValue(statement, "PRAGMA user_version"));
    if (version == 0) {
      throw damaged(file, "it is no journal: it has no tables", null);
    }
    if (version > JournalSchema.MIGRATIONS.size()) {
      throw new JournalException(
          "%s: the journal was written by a newer orchestrator (its format is %d, known is %d); start the newer one"
              .formatted(file, version, JournalSchema.MIGRATIONS.size()));
    }
    JournalSchema.migrate(statement.getConnection(), version);
    String mode = singleValue(statement, "PRAGMA journal_mode = WAL");
    if (!mode.equals("wal")) {
      throw new JournalException(
          "%s: the file system allows no write-ahead log; set `home` to a folder on a local disk"
              .formatted(file));
    }
  }

  private static String singleValue(Statement statement, String query) throws SQLException {
    try (ResultSet rows = statement.executeQuery(query)) {
      return rows.next() ? rows.getString(1) : "";
    }
  }

  /**
   * Runs the work whole or not at all. A {@link SQLException}, or a row that can't be read, becomes
   * a {@link JournalException}; other exceptions of the work are passed on.
   *
   * @param doing for the message of a failure, such as {@code "writing step verify"}
   */
  <T extends @Nullable Object> T transact(String doing, Work<T> work) {
    lock.lock();
    try {
      if (connection.isClosed()) {
        throw new JournalException(file + ": " + doing + ": the journal is closed");
      }
      return committed(work);
    } catch (SQLException e) {
      throw translate(file, doing, e);
    } catch (DateTimeException | UnreadableRow e) {
      throw damaged(file, line(e), e);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Begins and commits by statements instead of the driver's commit mode: on a disk that is full or
   * fails, SQLite rolls back by itself (sqlite.org/lang_transaction.html), and the driver then
   * takes the transaction for an open one.
   */
  private <T extends @Nullable Object> T committed(Work<T> work) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("BEGIN");
      try {
        T result = work.run(connection);
        statement.execute("COMMIT");
        return result;
      } catch (SQLException | RuntimeException | Error e) {
        try {
          statement.execute("ROLLBACK");
        } catch (SQLException rolledBackAlready) {
          e.addSuppressed(rolledBackAlready);
        }
        throw e;
      }
    }
  }

  /** A row with a value that can't be read. */
  static final class UnreadableRow extends RuntimeException {
    private static final long serialVersionUID = 1L;

    UnreadableRow(String message, Throwable cause) {
      super(message, cause);
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      connection.close();
    } catch (SQLException e) {
      throw translate(file, "closing", e);
    } finally {
      lock.unlock();
    }
  }

  private static void close(Connection connection, Exception cause) {
    try {
      connection.close();
    } catch (SQLException e) {
      cause.addSuppressed(e);
    }
  }

  private static JournalException translate(Path file, String doing, SQLException e) {
    // The low byte of an extended result code is the primary code, which is enough here.
    return switch (SQLiteErrorCode.getErrorCode(e.getErrorCode() & 0xff)) {
      case SQLITE_CORRUPT, SQLITE_NOTADB -> damaged(file, line(e), e);
      case SQLITE_BUSY, SQLITE_LOCKED ->
          new JournalException(
              file
                  + ": the journal is in use by another process; stop the other orchestrator, or"
                  + " close the program that has the file open",
              e);
      case SQLITE_FULL ->
          new JournalException(
              file + ": " + doing + ": the disk is full; free some space, then start again", e);
      default ->
          new JournalException(
              file + ": " + doing + ": " + line(e) + "; check the file's owner and the disk", e);
    };
  }

  private static JournalException damaged(Path file, String what, @Nullable Throwable cause) {
    String message =
        "%s: the journal is damaged (%s): put a copy of it back, or set it aside with `for f in %s*; do mv \"$f\" \"$f.damaged\"; done` and run `orchestrator up` (no container, image or volume is lost by that, only what was known of them)"
            .formatted(file, what, file);
    return cause == null ? new JournalException(message) : new JournalException(message, cause);
  }

  private static Path log(Path file) {
    return file.resolveSibling(file.getFileName() + "-wal");
  }

  private static String line(Exception e) {
    String message = e.getMessage();
    return (message == null ? e.getClass().getSimpleName() : message)
        .replaceAll("\\s+", " ")
        .strip();
  }
}
