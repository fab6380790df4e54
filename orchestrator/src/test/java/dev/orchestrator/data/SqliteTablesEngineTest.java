package dev.orchestrator.data;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.orchestrator.common.Json;
import dev.orchestrator.engine.DockerEngine;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.testing.TestImagesFixture;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Rows of SQLite files in a volume, at rest and while programs have them open. */
@Tag("engine")
class SqliteTablesEngineTest {
  private static final Duration LIMIT = Duration.ofSeconds(20);

  /** Writes without end of its transaction or of its connection, and says so in a file. */
  private static final String OPEN =
      "(printf '%s;\\n.shell touch /tmp/open\\n'; exec sleep 60) | sqlite3 %s >/tmp/said 2>&1 &"
          + " for try in {1..300}; do [ ! -e /tmp/open ] || break; sleep 0.05; done; cat /tmp/said";

  private VolumesFixture volumes;
  private RsyncCopier copier;

  @BeforeEach
  void make() {
    try (Engine engine = DockerEngine.connect("", Duration.ofMinutes(2))) {
      String image = TestImagesFixture.base(engine);
      volumes = new VolumesFixture(image);
      copier = new RsyncCopier(volumes.engine, () -> image);
    }
    volumes.shell(
        """
        mkdir -p /from/volumes/a /from/.orchestrator
        cd /from/volumes/a
        sqlite3 plain.db 'CREATE TABLE t(a); INSERT INTO t VALUES (1), (2); CREATE TABLE "a ""b"(c);
          CREATE VIEW v AS SELECT * FROM t; CREATE VIRTUAL TABLE f USING fts5(x)'
        cp plain.db 'a file?%.db'
        cp plain.db ../../.orchestrator/ours.db
        sqlite3 log.db 'PRAGMA journal_mode = WAL; CREATE TABLE t(a)'
        head -c 512 plain.db >cut.db
        """);
  }

  @AfterEach
  void remove() {
    volumes.close();
  }

  private static Map<String, Long> rows(SqliteTables found) {
    Map<String, Long> rows = new TreeMap<>();
    found
        .tables()
        .forEach(each ->
            rows.put(each.file().replace("volumes/a/", "") + " " + each.table(), each.rows()));
    return rows;
  }

  private SqliteTables live() {
    List<String> command = SqliteTables.commandForLive("/from", LIMIT);
    return Json.read(volumes.run(command.toArray(String[]::new)), SqliteTables.class);
  }

  @Test
  void rowsAreCountedWithWhatIsInTheLogOnlyAndNothingIsWritten() {
    volumes.shell(OPEN.formatted("INSERT INTO t VALUES (1), (2), (3)", "/from/volumes/a/log.db"));
    List<String> before = volumes.listing("/from");
    Map<String, Long> rows =
        Map.of(
            "plain.db t",
            2L,
            "plain.db a \"b",
            0L,
            "a file?%.db t",
            2L,
            "a file?%.db a \"b",
            0L,
            "log.db t",
            3L);

    SqliteTables found = live();
    assertEquals(new TreeMap<>(rows), rows(found));
    assertEquals(
        List.of(
            new SqliteTables.Uncounted(
                "volumes/a/cut.db", "database disk image is malformed (11)")),
        found.uncounted());

    // As after a power cut, which leaves the log as it is.
    volumes.shell("cp -a /from/. /to; rm -f /to/volumes/a/log.db-shm; pkill sqlite3 || true");
    SqliteTables rest = copier.sqliteTables(volumes.volume(volumes.to), volumes.labels, LIMIT);
    assertEquals(new TreeMap<>(rows), rows(rest));
    assertEquals(List.of(), volumes.helpers(), "no helper is left");
    assertEquals(before.size() - 1, volumes.listing("/to").size());
  }

  @Test
  void aFileThatAWriterHasLockedIsNotWaitedFor() {
    volumes.shell(
        OPEN.formatted("BEGIN EXCLUSIVE; INSERT INTO t VALUES (9)", "/from/volumes/a/plain.db"));
    SqliteTables found = live();
    assertEquals(
        new SqliteTables.Uncounted("volumes/a/plain.db", "database is locked (5)"),
        found.uncounted().getLast());
    assertEquals(2, rows(found).get("a file?%.db t"));
  }
}
