package dev.orchestrator.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.upgrade.RunEvent;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Progress is one short line that changes, however long and however often it is reported. */
final class ProgressPrinterTest {
  private static final Instant START = Instant.parse("2026-11-23T10:00:00Z");
  private static final int WIDTH = 60;
  private static final String PROBE =
      "probe front: exec mariadb --user=app --execute='SELECT COUNT(*)\nFROM wp_posts' "
          + "answered: ".repeat(30);

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private long sequence;

  @Test
  void onATerminalItIsCutToTheWidthAndRedrawn() {
    for (boolean unicode : new boolean[] {true, false}) {
      bytes.reset();
      ProgressPrinter printer = printer(true, unicode);
      printer.print(event("verify", "intent", ""));
      for (int i = 0; i < 20; i++) {
        printer.print(event("verify", "progress", PROBE + i));
      }
      printer.redraw();
      String text = bytes.toString(UTF_8);
      List<String> drawn = Arrays.asList(text.split("\r\u001b\\[K", -1));
      assertEquals(23, drawn.size());
      assertTrue(drawn.getLast().contains("verify"), text);
      for (String line : drawn) {
        assertTrue(line.length() < WIDTH, line);
        assertTrue(!line.contains("\n"), line);
      }
    }
  }

  @Test
  void elsewhereItIsPrintedWhenItsTextChangesAndShortened() {
    ProgressPrinter printer = printer(false, true);
    printer.print(event("verify", "intent", ""));
    for (int i = 0; i < 20; i++) {
      printer.print(event("verify", "progress", PROBE));
    }
    printer.print(event("verify", "progress", "db is starting"));
    printer.print(event("verify", "progress", "db is starting"));
    printer.print(event("verify", "progress", PROBE));
    List<String> lines = bytes.toString(UTF_8).lines().toList();
    assertEquals(3, lines.size(), lines.toString());
    assertTrue(
        lines.getFirst().startsWith("· verify               probe front: exec"), lines.get(0));
    assertTrue(lines.getFirst().endsWith("…"), lines.getFirst());
    assertEquals(120, lines.getFirst().length());
    assertEquals("· verify               db is starting", lines.get(1));
    assertEquals(lines.getFirst(), lines.getLast());
  }

  @Test
  void theResultOfAStepIsNeverCut() {
    for (boolean interactive : new boolean[] {true, false}) {
      bytes.reset();
      ProgressPrinter printer = printer(interactive, true);
      printer.print(event("verify", "intent", ""));
      printer.print(event("verify", "failed", "x".repeat(300)));
      assertTrue(bytes.toString(UTF_8).contains("x".repeat(300)), bytes.toString(UTF_8));
    }
  }

  /** The reason of a refused run has one problem a line, once. */
  @Test
  void severalProblemsAreListedAtTheEndOfARunAlone() {
    String reason = "version v2 of stack shop: 2 problems: | service a: devices: x | service b: y";
    ProgressPrinter printer = printer(false, true);
    printer.print(event("preflight", "intent", ""));
    printer.print(event("preflight", "failed", reason));
    String printed = bytes.toString(UTF_8).strip();
    assertTrue(printed.endsWith("version v2 of stack shop: 2 problems: see below"), printed);
    assertEquals(
        "version v2 of stack shop: 2 problems:\n  service a: devices: x\n  service b: y",
        ProblemList.lines(reason));
    String log = "service db: exited (its log ends with: one | two)";
    assertEquals(log, ProblemList.lines(log));
    assertEquals(log, ProblemList.head(log));
  }

  private ProgressPrinter printer(boolean interactive, boolean unicode) {
    PrintStream out = new PrintStream(bytes, true, UTF_8);
    Terminal terminal = new Terminal(out, out, null, interactive, false, unicode, WIDTH);
    return new ProgressPrinter(terminal, InstantSource.fixed(START));
  }

  private RunEvent event(String step, String phase, String text) {
    sequence++;
    return new RunEvent("u7", sequence, START.plusMillis(sequence), step, phase, text);
  }
}
