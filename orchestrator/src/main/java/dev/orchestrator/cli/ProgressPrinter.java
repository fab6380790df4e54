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
 * Shows a run as it happens: one line a step once it is over. What goes on in between is redrawn in
 * place on a terminal, and a line of its own elsewhere. Any thread.
 */
final class ProgressPrinter {
  private final Terminal terminal;
  private final InstantSource clock;
  private final Map<String, Instant> begun = new HashMap<>();
  private @Nullable RunEvent current;
  private Instant arrived = Instant.EPOCH;

  ProgressPrinter(Terminal terminal, InstantSource clock) {
    this.terminal = terminal;
    this.clock = clock;
  }

  synchronized void print(RunEvent event) {
    switch (event.phase()) {
      case "intent", "undo" -> {
        begun.put(event.step(), event.at());
        show(event);
      }
      case "progress" -> {
        show(event);
        if (!terminal.interactive()) {
          terminal.line("· %-10s %8s  %s".formatted(event.step(), "", event.text()));
        }
      }
      case "done" -> over(terminal.green("✓"), event, "");
      case "failed" -> over(terminal.red("✗"), event, "");
      case "undone" -> {
        clear();
        if (!event.text().isEmpty()) {
          over(terminal.yellow("↶"), event, "undone" + colon(event));
        }
      }
      case "stuck" -> over(terminal.red("✗"), event, "undo failed" + colon(event));
      default -> clear();
    }
  }

  /** Redraws the line of the step that goes on, with its time so far. */
  synchronized void tick() {
    RunEvent event = current;
    if (event != null) {
      Instant start = begun.getOrDefault(event.step(), event.at());
      // The service's clock up to the event's arrival, ours from there.
      Duration passed =
          Duration.between(start, event.at()).plus(Duration.between(arrived, clock.instant()));
      terminal.redraw(line("…", event.step(), Math.max(0, passed.toMillis()), event.text()));
    }
  }

  /** Leaves a clean line behind. */
  synchronized void clear() {
    current = null;
    terminal.redraw("");
  }

  /** A line between those of the steps. */
  synchronized void note(String text) {
    terminal.redraw("");
    terminal.line(text);
    tick();
  }

  private void show(RunEvent event) {
    current = event;
    arrived = clock.instant();
    tick();
  }

  private void over(String mark, RunEvent event, String instead) {
    Instant start = begun.getOrDefault(event.step(), event.at());
    clear();
    long millis = Math.max(0, Duration.between(start, event.at()).toMillis());
    terminal.line(line(mark, event.step(), millis, instead.isEmpty() ? event.text() : instead));
  }

  private static String colon(RunEvent event) {
    return event.text().isEmpty() ? "" : ": " + event.text();
  }

  private static String line(String mark, String step, long millis, String text) {
    return "%s %-10s %8s  %s".formatted(mark, step, HumanText.time(millis), text).stripTrailing();
  }
}
