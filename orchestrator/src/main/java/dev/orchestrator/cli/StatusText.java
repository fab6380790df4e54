package dev.orchestrator.cli;

import dev.orchestrator.common.HumanText;
import dev.orchestrator.journal.InvariantRecord;
import dev.orchestrator.journal.RehearsalRecord;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.report.BackupReport;
import dev.orchestrator.report.Status;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Prints {@link Status}: the version that serves, its state, then services and routes. */
final class StatusText {
  private StatusText() {}

  static List<String> lines(Status status, Terminal terminal, Instant now) {
    List<String> lines = new ArrayList<>();
    lines.add(headline(status, terminal, now));
    if (!status.attention().isEmpty()) {
      addField(lines, "attention", status.attention());
    }
    Status.Side serving = status.serving();
    if (serving != null) {
      addField(lines, "capsule", serving.container() + " (" + serving.state() + ")");
    }
    if (serving != null && serving.engine() != null) {
      addField(lines, "moved", "it serves on %s".formatted(serving.engine()));
    }
    Status.Side previous = status.previous();
    if (previous != null) {
      addField(
          lines,
          "previous",
          "%s, generation %d (%s): 'orchestrator rollback' goes there"
              .formatted(previous.version(), previous.generation(), previous.state()));
    }
    addOriginal(lines, status);
    UpgradeRecord running = status.running();
    if (running != null) {
      addField(
          lines,
          "running",
          "%s for %s, in step %s: 'orchestrator watch %s'"
              .formatted(
                  RunText.title(running),
                  HumanText.time(running.started(), now),
                  status.runningStep(),
                  running.id()));
    }
    UpgradeRecord last = status.last();
    if (last != null) {
      addField(lines, "last run", RunText.sentence(last));
    }
    RehearsalRecord rehearsal = status.rehearsal();
    if (rehearsal != null) {
      addField(
          lines,
          "rehearsal",
          "%s %s".formatted(rehearsal.version(), RehearseCommand.describe(rehearsal)));
    }
    for (InvariantRecord invariant : status.invariants()) {
      addField(lines, "invariant", (invariant.good() ? "" : "NOT KEPT: ") + invariant.line());
    }
    Instant next = status.nextRun();
    if (next != null) {
      addField(lines, "next run", HumanText.when(next));
    }
    BackupReport.Health backups = status.backups();
    if (backups != null) {
      addField(lines, "backups", describe(backups, terminal));
    }
    addField(lines, "engine", status.engine());
    addTables(lines, status);
    return lines;
  }

  /** The project that the stack was made of, and the command that changes who of the two serves. */
  private static void addOriginal(List<String> lines, Status status) {
    Status.Original original = status.original();
    if (original == null) {
      return;
    }
    String next = "";
    if (status.running() == null) {
      String stack = original.project().equals(status.stack()) ? "" : " --stack " + status.stack();
      next =
          original.serves()
              ? ": 'orchestrator adopt %s%s' adopts it again".formatted(original.project(), stack)
              : ": 'orchestrator adopt --undo' goes back to it";
    }
    addField(
        lines,
        "original",
        "project %s, %s%s".formatted(original.project(), original.state(), next));
    if (!original.apart().isEmpty()) {
      addField(lines, "apart", original.apart());
    }
  }

  private static String headline(Status status, Terminal terminal, Instant now) {
    String dot =
        switch (status.state()) {
          case "serving", "original serves" -> terminal.green("●");
          case "needs attention" -> terminal.red("●");
          default -> terminal.yellow("●");
        };
    return "%s %s: %s%s"
        .formatted(dot, status.stack(), status.state(), describe(status.serving(), now));
  }

  private static String describe(Status.@Nullable Side serving, Instant now) {
    return serving == null
        ? ""
        : ", %s (generation %d) since %s (%s)"
            .formatted(
                serving.version(),
                serving.generation(),
                HumanText.when(serving.since()),
                HumanText.time(serving.since(), now));
  }

  private static String describe(BackupReport.Health backups, Terminal terminal) {
    String text = backups.bad() ? terminal.red(backups.text()) : backups.text();
    Instant next = backups.next();
    return text
        + (backups.operation().isEmpty() ? "" : "; " + backups.operation() + " is under way")
        + (next == null ? "" : "; next " + HumanText.when(next));
  }

  private static void addField(List<String> lines, String name, String value) {
    lines.add("  %-9s %s".formatted(name, value));
  }

  private static void addTables(List<String> lines, Status status) {
    if (!status.services().isEmpty()) {
      TextTable table = new TextTable("SERVICE", "STATE", "HEALTH", "RESTARTS", "HEALED");
      for (Status.Service service : status.services()) {
        table.row(
            service.name(),
            service.state(),
            service.health().isEmpty() ? "-" : service.health(),
            Integer.toString(service.restarts()),
            Integer.toString(service.heals()));
      }
      lines.add("");
      lines.addAll(table.lines());
      for (Status.Service service : status.services()) {
        // An older service doesn't tell it.
        if (service.note() != null && !service.note().isEmpty()) {
          lines.add("  service %s is %s".formatted(service.name(), service.note()));
        }
      }
    }
    if (!status.routes().isEmpty()) {
      TextTable table =
          new TextTable("ROUTE", "ADDRESS", "TARGET", "GATE", "PATH", "OPEN", "TOTAL", "HELD");
      for (Status.Route route : status.routes()) {
        table.row(
            route.name(),
            route.address(),
            route.target().isEmpty() ? "-" : route.target(),
            route.gate(),
            route.path(),
            Long.toString(route.open()),
            Long.toString(route.total()),
            Long.toString(route.heldNow()));
      }
      lines.add("");
      lines.addAll(table.lines());
      for (Status.Route route : status.routes()) {
        if (!route.pathReason().isEmpty()) {
          lines.add("route %s is the proxy's: %s".formatted(route.name(), route.pathReason()));
        }
        if (route.kernelTotal() > 0) {
          lines.add(
              "route %s: %,d connections and %s went by the kernel, which does not count those that fail or are broken off"
                  .formatted(
                      route.name(), route.kernelTotal(), HumanText.bytes(route.kernelBytes())));
        }
        if (route.dropped() > 0) {
          lines.add(
              "route %s has dropped %d datagrams, as no version served or too many waited"
                  .formatted(route.name(), route.dropped()));
        }
      }
    }
  }
}
