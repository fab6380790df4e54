package dev.orchestrator.journal;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Set;

/**
 * The tables, as a list of migrations. SQLite's {@code user_version} is the number of migrations
 * that a file has had. A new migration goes to the end of the list; none is ever edited.
 */
final class JournalSchema {

  static final List<String> MIGRATIONS =
      List.of(
          """
          CREATE TABLE stack (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            name TEXT NOT NULL,
            down INTEGER NOT NULL CHECK (down IN (0, 1)),
            last_generation INTEGER NOT NULL
          ) STRICT;
          INSERT INTO stack VALUES (1, '', 0, 0);

          CREATE TABLE generation (
            number INTEGER PRIMARY KEY,
            version TEXT NOT NULL,
            content TEXT NOT NULL,
            image TEXT NOT NULL,
            container TEXT NOT NULL,
            volumes TEXT NOT NULL,
            store_volume TEXT NOT NULL,
            ports TEXT NOT NULL,
            created TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('CANDIDATE', 'SERVING', 'KEPT', 'SET_ASIDE', 'REMOVED'))
          ) STRICT;
          CREATE UNIQUE INDEX one_serves ON generation (state) WHERE state = 'SERVING';

          CREATE TABLE upgrade (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            kind TEXT NOT NULL,
            from_version TEXT NOT NULL,
            to_version TEXT NOT NULL,
            from_generation INTEGER,
            to_generation INTEGER,
            outcome TEXT NOT NULL,
            reason TEXT NOT NULL,
            started TEXT NOT NULL,
            ended TEXT,
            switched_to INTEGER,
            switched TEXT
          ) STRICT;
          CREATE UNIQUE INDEX one_runs ON upgrade (outcome) WHERE outcome = 'RUNNING';

          CREATE TABLE step (
            upgrade INTEGER NOT NULL REFERENCES upgrade (number) ON DELETE CASCADE,
            sequence INTEGER NOT NULL,
            step TEXT NOT NULL,
            phase TEXT NOT NULL,
            at TEXT NOT NULL,
            detail TEXT NOT NULL,
            PRIMARY KEY (upgrade, sequence)
          ) STRICT;

          CREATE TABLE attachment (
            upgrade INTEGER NOT NULL REFERENCES upgrade (number) ON DELETE CASCADE,
            key TEXT NOT NULL,
            json TEXT NOT NULL,
            PRIMARY KEY (upgrade, key)
          ) STRICT;

          CREATE TABLE quarantine (
            version TEXT NOT NULL,
            content TEXT NOT NULL,
            reason TEXT NOT NULL,
            since TEXT NOT NULL,
            PRIMARY KEY (version, content)
          ) STRICT;
          """,
          // SQLite can't change the CHECK of a column: the table is made anew.
          """
          CREATE TABLE generation_with_snapshots (
            number INTEGER PRIMARY KEY,
            version TEXT NOT NULL,
            content TEXT NOT NULL,
            image TEXT NOT NULL,
            container TEXT NOT NULL,
            volumes TEXT NOT NULL,
            store_volume TEXT NOT NULL,
            ports TEXT NOT NULL,
            created TEXT NOT NULL,
            state TEXT NOT NULL
              CHECK (state IN ('CANDIDATE', 'SERVING', 'KEPT', 'SET_ASIDE', 'SNAPSHOT', 'REMOVED'))
          ) STRICT;
          INSERT INTO generation_with_snapshots
            SELECT number, version, content, image, container, volumes, store_volume, ports, created,
              state FROM generation;
          DROP TABLE generation;
          ALTER TABLE generation_with_snapshots RENAME TO generation;
          CREATE UNIQUE INDEX one_serves ON generation (state) WHERE state = 'SERVING';

          CREATE TABLE snapshot (
            name TEXT PRIMARY KEY,
            generation INTEGER NOT NULL UNIQUE,
            reason TEXT NOT NULL,
            created TEXT NOT NULL,
            bytes INTEGER NOT NULL,
            shared INTEGER NOT NULL,
            pause INTEGER NOT NULL,
            proven TEXT,
            settings TEXT NOT NULL
          ) STRICT;
          """,
          """
          ALTER TABLE snapshot ADD COLUMN proof_run TEXT;
          ALTER TABLE snapshot ADD COLUMN proof_at TEXT;
          ALTER TABLE snapshot ADD COLUMN proof_good INTEGER;
          ALTER TABLE snapshot ADD COLUMN proof_text TEXT;
          """,
          "ALTER TABLE snapshot ADD COLUMN tables TEXT",
          """
          ALTER TABLE generation ADD COLUMN elsewhere TEXT;
          """,
          """
          CREATE TABLE rehearsal (
            version TEXT PRIMARY KEY,
            content TEXT NOT NULL,
            run TEXT NOT NULL,
            from_generation INTEGER NOT NULL,
            data_at TEXT NOT NULL,
            good INTEGER NOT NULL CHECK (good IN (0, 1)),
            stall INTEGER NOT NULL,
            healthy INTEGER NOT NULL,
            services TEXT NOT NULL,
            reason TEXT NOT NULL
          ) STRICT;
          """,
          """
          ALTER TABLE rehearsal ADD COLUMN stop INTEGER NOT NULL DEFAULT 0;
          ALTER TABLE rehearsal ADD COLUMN last_pass INTEGER NOT NULL DEFAULT 0;
          ALTER TABLE rehearsal ADD COLUMN memory INTEGER NOT NULL DEFAULT 0;
          """,
          """
          CREATE TABLE reversal (
            version TEXT PRIMARY KEY,
            content TEXT NOT NULL,
            run TEXT NOT NULL,
            from_version TEXT NOT NULL,
            from_content TEXT NOT NULL,
            at TEXT NOT NULL,
            label TEXT NOT NULL CHECK (label IN ('REVERSIBLE', 'SNAPSHOT_ONLY', 'ONE_WAY')),
            reason TEXT NOT NULL,
            changes TEXT NOT NULL,
            conclusive INTEGER NOT NULL CHECK (conclusive IN (0, 1))
          ) STRICT;
          """,
          """
          ALTER TABLE rehearsal ADD COLUMN disk INTEGER NOT NULL DEFAULT 0;
          ALTER TABLE rehearsal ADD COLUMN changed TEXT NOT NULL
            DEFAULT '{"files": 0, "bytes": 0, "tables": []}';
          """);

  private static final FileAttribute<Set<PosixFilePermission>> OWNER_ONLY =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
  private static final FileAttribute<Set<PosixFilePermission>> OWNER_ONLY_FOLDER =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

  private JournalSchema() {}

  /**
   * Creates an empty journal. The file gets its name when it is complete: a file of that name
   * without tables is damaged, and is never taken for a new one.
   */
  static void create(Path file) throws IOException, SQLException {
    Path folder = file.toAbsolutePath().getParent();
    if (folder == null) {
      throw new IOException(file + " is no file's name");
    }
    if (!Files.isDirectory(folder)) {
      Files.createDirectories(folder, OWNER_ONLY_FOLDER);
    }
    Path fresh = folder.resolve(file.getFileName() + ".new");
    for (String suffix : List.of("", "-wal", "-journal")) {
      Files.deleteIfExists(folder.resolve(fresh.getFileName() + suffix));
    }
    Files.createFile(fresh, OWNER_ONLY);
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + fresh);
        Statement statement = connection.createStatement()) {
      migrate(connection, 0);
      statement.execute("PRAGMA journal_mode = WAL");
    }
    force(fresh, StandardOpenOption.WRITE);
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
    force(folder, StandardOpenOption.READ);
  }

  /** Runs the migrations that the file has not had, each in a transaction of its own. */
  static void migrate(Connection connection, int from) throws SQLException {
    connection.setAutoCommit(false);
    try (Statement statement = connection.createStatement()) {
      for (int version = from; version < MIGRATIONS.size(); version++) {
        statement.executeUpdate(MIGRATIONS.get(version));
        statement.executeUpdate("PRAGMA user_version = " + (version + 1));
        connection.commit();
      }
    } finally {
      connection.setAutoCommit(true);
    }
  }

  private static void force(Path path, StandardOpenOption how) throws IOException {
    try (FileChannel channel = FileChannel.open(path, how)) {
      channel.force(true);
    }
  }
}
