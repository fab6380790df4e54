package dev.orchestrator.demo;

import java.io.IOException;
import java.net.ConnectException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Inserts rows into a database through its public port, and connects again when it must. */
final class SqlLoad extends NumberedLoad {
  /** When a client connects anew. */
  enum Connections {
    /** When the last connection was cut. */
    KEPT,
    /** For each row, so that whoever listens at that moment answers it. */
    FRESH
  }

  private final String url;
  private final String client;
  private final Connections connections;
  private @Nullable Connection connection;

  private SqlLoad(String kind, String url, String client, Connections connections) {
    super(kind + "-" + client);
    this.client = client;
    this.url = url;
    this.connections = connections;
  }

  /** A client of the demo's MariaDB. */
  static SqlLoad mariadb(int port, String client, Connections connections) {
    String url =
        "jdbc:mariadb://127.0.0.1:%d/ledger?user=ledger&password=demo-ledger&sslMode=disable&connectTimeout=60000&socketTimeout=90000"
            .formatted(port);
    return new SqlLoad("mariadb", url, client, connections);
  }

  static SqlLoad postgres(int port, String client, Connections connections) {
    String url =
        "jdbc:postgresql://127.0.0.1:%d/ledger?user=ledger&password=demo-ledger&sslmode=disable&connectTimeout=60&socketTimeout=90"
            .formatted(port);
    return new SqlLoad("postgres", url, client, connections);
  }

  private Connection connect() throws SQLException {
    Connection fresh = DriverManager.getConnection(url);
    try (Statement statement = fresh.createStatement()) {
      statement.execute(
          "CREATE TABLE IF NOT EXISTS entry (client VARCHAR(40) NOT NULL, seq BIGINT NOT NULL,"
              + " PRIMARY KEY (client, seq))");
    }
    return fresh;
  }

  @Override
  void write(long number) throws IOException {
    try {
      Connection open = connection;
      if (open == null) {
        open = connect();
        connection = open;
      }
      try (PreparedStatement insert = open.prepareStatement("INSERT INTO entry VALUES (?, ?)")) {
        insert.setString(1, client);
        insert.setLong(2, number);
        insert.executeUpdate();
      }
    } catch (SQLException e) {
      disconnect();
      throw refused(e) ? new ConnectException(e.getMessage()) : new IOException(e);
    }
    if (connections == Connections.FRESH) {
      disconnect();
    }
  }

  private static boolean refused(Throwable e) {
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof ConnectException) {
        return true;
      }
    }
    return false;
  }

  private void disconnect() {
    Connection old = connection;
    connection = null;
    if (old != null) {
      try {
        old.close();
      } catch (SQLException e) {
        // The connection is broken already.
        return;
      }
    }
  }

  @Override
  Set<Long> found() throws IOException {
    Set<Long> found = new TreeSet<>();
    try (Connection fresh = connect();
        PreparedStatement select =
            fresh.prepareStatement("SELECT seq FROM entry WHERE client = ?")) {
      select.setString(1, client);
      try (ResultSet rows = select.executeQuery()) {
        while (rows.next()) {
          found.add(rows.getLong(1));
        }
      }
    } catch (SQLException e) {
      throw new IOException(e);
    }
    return found;
  }

  @Override
  public void close() {
    super.close();
    disconnect();
  }
}
