package dev.orchestrator.cli;

import dev.orchestrator.common.HumanText;
import dev.orchestrator.upgrade.RunEvent;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Prints the events of a run: a line for each step when the step is over. The progress within a
 * step is one line that is redrawn on a terminal; elsewhere it is a short line, printed only when
 * its text changes, as a service may report the same progress many times. Thread-safe.
 */
final class ProgressPrinter {
  /** Columns of a progress line where there is no terminal: a log that people read. */
  private static final int LOG_COLUMNS = 120;

  private final Terminal terminal;
  private final InstantSource clock;
  private final Map<String, Instant> startOfStep = new HashMap<>();
  private @Nullable RunEvent current;
  private Instant arrival = Instant.EPOCH;
  private String printedProgress = "";

  ProgressPrinter(Terminal terminal, InstantSource clock) {
    this.terminal = terminal;
    this.clock = clock;
  }

  synchronized void print(RunEvent event) {
    switch (event.phase()) {
      case "intent", "undo" -> {
        startOfStep.put(event.step(), event.at());
        showCurrent(event);
      }
      case "progress" -> {
        showCurrent(event);
        if (!terminal.interactive()) {
          printProgress(event);
        }
      }
      case "done" -> printEndOfStep(terminal.green("✓"), event, event.text());
      case "failed" -> printEndOfStep(terminal.red("✗"), event, ProblemList.head(event.text()));
      case "undone" -> {
        clear();
        if (!event.text().isEmpty()) {
          printEndOfStep(terminal.yellow("↶"), event, "undone" + colonAndText(event));
        }
      }
      case "stuck" -> printEndOfStep(terminal.red("✗"), event, "undo failed" + colonAndText(event));
      default -> clear();
    }
  }

  /** Redraws the line of the current step, with the time that the step has taken so far. */
  synchronized void redraw() {
    RunEvent event = current;
    if (event != null) {
      Instant start = startOfStep.getOrDefault(event.step(), event.at());
      // By the service's clock until the event was sent, by this process's clock since it arrived.
      Duration passed =
          Duration.between(start, event.at()).plus(Duration.between(arrival, clock.instant()));
      terminal.redraw(line("…", event.step(), Math.max(0, passed.toMillis()), event.text()));
    }
  }

  /** Removes the line of the current step. */
  synchronized void clear() {
    current = null;
    terminal.redraw("");
  }

  /** Prints a line that is not about a step, above the line of the current step. */
  synchronized void printNote(String text) {
    terminal.redraw("");
    terminal.println(text);
    redraw();
  }

  private void showCurrent(RunEvent event) {
    current = event;
    arrival = clock.instant();
    redraw();
  }

  private void printProgress(RunEvent event) {
    String line =
        Terminal.fit("· %-10s %8s  %s".formatted(event.step(), "", event.text()), LOG_COLUMNS);
    if (!line.equals(printedProgress)) {
      printedProgress = line;
      terminal.println(line);
    }
  }

  private void printEndOfStep(String mark, RunEvent event, String text) {
    Instant start = startOfStep.getOrDefault(event.step(), event.at());
    clear();
    long millis = Math.max(0, Duration.between(start, event.at()).toMillis());
    terminal.println(line(mark, event.step(), millis, text));
  }

  private static String colonAndText(RunEvent event) {
    return event.text().isEmpty() ? "" : ": " + event.text();
  }

  private static String line(String mark, String step, long millis, String text) {
    return "%s %-10s %8s  %s".formatted(mark, step, HumanText.time(millis), text).stripTrailing();
  }
}
