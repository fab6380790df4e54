package dev.orchestrator.common;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Outputs as programs print them, and the line that a person would quote of each. */
class OutputTextTest {

  @Test
  void ofPlainOutputTheLastLineTells() {
    assertEquals(
        "ERROR 1045 (28000): Access denied for user 'shop'@'localhost'",
        OutputText.tellingLine(
            """
            connecting
            ERROR 1045 (28000): Access denied for user 'shop'@'localhost'

            """));
    assertEquals("", OutputText.tellingLine(" \n\n"));
  }

  @Test
  void ofAJavaTraceTheLastCause() {
    assertEquals(
        "Caused by: java.sql.SQLException: Access denied for user 'shop'@'10.0.0.3'",
        OutputText.tellingLine(
            """
            2026-11-02 04:00:00 INFO starting
            Exception in thread "main" java.lang.IllegalStateException: no schema
            \tat shop.Schema.migrate(Schema.java:31)
            \tat shop.Main.main(Main.java:9)
            Caused by: java.lang.RuntimeException: pool
            \tat shop.Pool.open(Pool.java:12)
            \tSuppressed: java.io.IOException: closing
            \t\tat shop.Pool.close(Pool.java:40)
            \tCaused by: java.net.SocketException: not this one
            \t\t... 2 more
            \t... 3 more
            Caused by: java.sql.SQLException: Access denied for user 'shop'@'10.0.0.3'
            Current charset is utf8
            \tat com.mysql.cj.jdbc.ConnectionImpl.connect(ConnectionImpl.java:815)
            \tat java.base/java.lang.Thread.run(Thread.java:1583)
            \t... 4 more
            """));
  }

  @Test
  void ofAJavaTraceWithoutACauseItsHead() {
    assertEquals(
        "Exception in thread \"main\" java.lang.OutOfMemoryError: Java heap space",
        OutputText.tellingLine(
            """
            Exception in thread "main" java.lang.OutOfMemoryError: Java heap space
            \tat shop.Main.main(Main.java:9)
            INFO the pool is closed
            """));
  }

  @Test
  void ofAPythonTraceTheErrorBehindItsFrames() {
    assertEquals(
        "sqlalchemy.exc.OperationalError: (1045, \"Access denied\")",
        OutputText.tellingLine(
            """
            Traceback (most recent call last):
              File "/app/db.py", line 3, in open
                return connect(url)
                       ^^^^^^^^^^^^
            pymysql.err.OperationalError: (1045, "Access denied")

            The above exception was the direct cause of the following exception:

            Traceback (most recent call last):
              File "/app/main.py", line 8, in <module>
                open()
            sqlalchemy.exc.OperationalError: (1045, "Access denied")
            (Background on this error at: https://sqlalche.me/e/20/e3q8)
            """));
  }

  @Test
  void ofNodePhpGoAndRustTheLineAboveTheFrames() {
    assertEquals(
        "Error: Access denied",
        OutputText.tellingLine(
            """
            /app/x.js:3
              throw new Error("Access denied")
              ^

            Error: Access denied
                at Object.<anonymous> (/app/x.js:3:9)
                at node:internal/main/run_main_module:28:49

            Node.js v18.13.0
            """));
    assertEquals(
        "PHP Fatal error:  Uncaught PDOException: SQLSTATE[HY000] [1045] Access denied in /x.php:3",
        OutputText.tellingLine(
            """
            PHP Fatal error:  Uncaught PDOException: SQLSTATE[HY000] [1045] Access denied in /x.php:3
            Stack trace:
            #0 /x.php(3): PDO->__construct()
            #1 {main}
              thrown in /x.php on line 3
            """));
    assertEquals(
        "panic: access denied",
        OutputText.tellingLine(
            """
            panic: access denied

            goroutine 1 [running]:
            main.main()
            \t/src/main.go:4 +0x1d
            exit status 2
            """));
    assertEquals(
        "access denied",
        OutputText.tellingLine(
            """
            thread 'main' panicked at src/main.rs:2:5:
            access denied
            note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
            """));
  }

  @Test
  void anErrorAfterATraceIsTheNewerReason() {
    assertEquals(
        "ERROR: no space left on device",
        OutputText.tellingLine(
            """
            java.net.ConnectException: Connection refused
            \tat shop.Main.main(Main.java:9)
            connected at the second try
            ERROR: no space left on device
            """));
  }

  @Test
  void aTraceThatTheProgramOutlivedIsNoReason() {
    String trace =
        """
        java.net.ConnectException: Connection refused
        \tat shop.Main.main(Main.java:9)
        Caused by: x.First: not there yet
        """;
    assertEquals(
        "served request 99",
        OutputText.tellingLine(
            trace
                + IntStream.range(0, 100)
                    .mapToObj(i -> "served request " + i)
                    .collect(Collectors.joining("\n"))));
  }

  @Test
  void aTraceWhoseHeadIsCutOffEndsWithItsLastLine() {
    assertEquals("... 4 more", OutputText.tellingLine("\tat a.B.c(B.java:1)\n\t... 4 more\n"));
  }

  @Test
  void linesOfALogKeepWhatCameBeforeTheTellingOne() {
    assertEquals(
        List.of("opening the database", "Caused by: x.Denied: Access denied"),
        OutputText.tellingLines(
            List.of(
                "listening",
                "",
                "opening the database",
                "\tat x.Main.main(Main.java:1)",
                "Caused by: x.Denied: Access denied",
                "\t... 4 more"),
            2));
    assertEquals(List.of("b", "c"), OutputText.tellingLines(List.of("a", "b", "c"), 2));
    assertEquals(List.of(), OutputText.tellingLines(List.of(" "), 3));
  }

  @Test
  void aQuoteIsOneLineOfBoundedLengthWithoutColours() {
    assertEquals("a b", OutputText.quote("\u001b[31ma\u001b[0m\n\t b ", 10));
    assertEquals("0123456789…", OutputText.quote("0123456789a", 10));
  }
}
