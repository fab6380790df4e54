package dev.orchestrator.capsule.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.orchestrator.capsule.DatabaseCheck;
import dev.orchestrator.common.Json;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The script {@code check-databases}, with programs of the test in place of the inner engine and of
 * the databases' tools. What the tools print is what those of MariaDB 11.8 and PostgreSQL 17 have
 * printed of damaged files.
 */
class CheckDatabasesScriptTest {
  @TempDir Path folder;

  @BeforeEach
  void makeAnEngineWithOneService() throws IOException {
    Files.createDirectories(folder.resolve("proc/7"));
    program(
        "docker",
        """
        case "$*" in
          ps*) echo 1a db ;;
          'inspect --format'*) cat %1$s/state ;;
          inspect*) echo '[{"Mounts": []}]' ;;
          exec*) PATH=%1$s/programs:$PATH exec sh ;;
        esac
        """
            .formatted(folder));
    Files.writeString(folder.resolve("state"), "true then\n");
  }

  private void program(String name, String text) throws IOException {
    Path file = folder.resolve("programs").resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, "#!/bin/bash\n" + text);
    Files.setAttribute(file, "unix:mode", 0755);
  }

  /** MariaDB runs in the service, and its tool prints this. */
  private List<String> mariadb(String prints, int exitCode) throws Exception {
    Files.writeString(folder.resolve("proc/7/comm"), "mariadbd\n");
    program("mariadb-check", "cat <<'END'\n" + prints + "END\nexit " + exitCode + "\n");
    return check();
  }

  private List<String> postgres(String prints, int exitCode) throws Exception {
    Files.writeString(folder.resolve("proc/7/comm"), "postgres\n");
    program("psql", "echo 3\n");
    program("pg_amcheck", "cat >&2 <<'END'\n" + prints + "END\nexit " + exitCode + "\n");
    return check();
  }

  private List<String> check() throws IOException, InterruptedException {
    String script;
    try (InputStream in = ContainerCapsule.class.getResourceAsStream("check-databases")) {
      script =
          new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8)
              .replace("/proc/", folder + "/proc/");
    }
    ProcessBuilder bash = new ProcessBuilder("timeout", "30", "bash", "-c", script);
    bash.environment().merge("PATH", folder + "/programs", (path, first) -> first + ":" + path);
    Process process = bash.redirectError(ProcessBuilder.Redirect.INHERIT).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), said);
    return Json.readList(said, DatabaseCheck.class).stream()
        .map(each -> each.result() + " " + each.line())
        .toList();
  }

  @Test
  void theDamagedTableIsNamedAndHowManyMoreThereAre() throws Exception {
    assertEquals(
        List.of(
            "BAD db, mariadb: mariadb-check: ledger.aria: warning : Table is marked as crashed; and"
                + " 1 more"),
        mariadb(
            """
            ledger.aria
            warning  : Table is marked as crashed
            error    : Page         7:  Got error: 176 when reading datafile
            error    : Corrupt
            ledger.entry
            Warning  : Tablespace is missing for table 'ledger/entry'
            Error    : Got error 194 "Tablespace is missing for a table" from storage engine InnoDB
            error    : Corrupt
            ledger.isam                                        OK
            """,
            0));
  }

  /** As in a snapshot of a server that was frozen. */
  @Test
  void aTableThatTheServerHadNoTimeToCloseIsGood() throws Exception {
    assertEquals(
        List.of("GOOD db, mariadb: 2 tables are good (mariadb-check)"),
        mariadb(
            """
            ledger.entry                                       OK
            ledger.isam
            warning  : 1 client is using or hasn't closed the table properly
            status   : OK
            ledger.totals
            note     : The storage engine for the table doesn't support check
            """,
            0));
  }

  @Test
  void aServerThatEndsWhileItIsAskedIsNoMatterOfAccess() throws Exception {
    assertEquals(
        List.of(
            "BAD db, mariadb: mariadb-check: the server ended while it was asked, after table"
                + " ledger.aria"),
        mariadb(
            """
            ledger.aria                                        OK
            mariadb-check: Got error: 2013: Lost connection to server during query when executing \
            'CHECK TABLE ... '
            """,
            2));
  }

  @Test
  void withoutAccessNothingIsKnown() throws Exception {
    assertEquals(
        List.of(
            "UNCHECKED db, mariadb: mariadb-check gets no access: mariadb-check: Got error: 1045:"
                + " Access denied for user 'root'@'localhost' when trying to connect"),
        mariadb(
            "mariadb-check: Got error: 1045: Access denied for user 'root'@'localhost' when trying"
                + " to connect\n",
            2));
  }

  /** Its server was the container's first process, so that nobody is left to answer. */
  @Test
  void aContainerThatEndsMeanwhileIsAFinding() throws Exception {
    Files.writeString(folder.resolve("proc/7/comm"), "mariadbd\n");
    program("mariadb-check", "echo 'true later' >%s/state\nkill -KILL $PPID\n".formatted(folder));
    assertEquals(
        List.of("BAD db, container: it ended while its databases checked themselves"), check());
  }

  @Test
  void aDamagedTableOfPostgresIsNamedWithoutTheNotices() throws Exception {
    assertEquals(
        List.of(
            "BAD db, postgres: pg_amcheck: heap table \"ledger.public.entry\": ERROR: invalid page"
                + " in block 10 of relation base/16384/16385; and 1 more"),
        postgres(
            """
            NOTICE:  extension "amcheck" already exists, skipping
            NOTICE:  extension "amcheck" already exists, skipping
            heap table "ledger.public.entry":
                ERROR:  invalid page in block 10 of relation base/16384/16385
            btree index "ledger.public.entry_pkey":
                ERROR:  invalid page in block 10 of relation base/16384/16385
            """,
            2));
  }

  @Test
  void goodDatabasesOfPostgresAreCounted() throws Exception {
    assertEquals(
        List.of("GOOD db, postgres: 3 databases are good (pg_amcheck)"),
        postgres("NOTICE:  extension \"amcheck\" already exists, skipping\n", 0));
  }
}
