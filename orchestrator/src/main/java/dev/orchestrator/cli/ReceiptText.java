package dev.orchestrator.cli;

import dev.orchestrator.common.HumanText;
import dev.orchestrator.journal.InvariantRecord;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.UpgradeRecord;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Prints a receipt: in full for {@code show}, as a summary at the end of a run. */
final class ReceiptText {
  private static final DateTimeFormatter TIME_OF_DAY =
      DateTimeFormatter.ofPattern("HH:mm:ss.SSS", Locale.ROOT);

  /** Width of the bars, in characters. */
  private static final int BAR = 50;

  /** A part of a build that was shorter had nothing to do. */
  private static final long SHORT_PART_MILLIS = 500;

  private ReceiptText() {}

  static List<String> full(Receipt receipt) {
    UpgradeRecord run = receipt.upgrade();
    Instant ended = run.ended();
    List<String> lines = new ArrayList<>();
    lines.add(RunText.sentence(run));
    lines.add(
        "stack %s, started %s%s"
            .formatted(
                receipt.stack(),
                HumanText.when(run.started()),
                ended == null ? "" : ", ended " + HumanText.when(ended)));
    TextTable steps = new TextTable("AT", "STEP", "PHASE", "TIME", "DETAIL");
    for (Receipt.Step step : receipt.steps()) {
      steps.row(
          TIME_OF_DAY.format(step.at().atZone(ZoneId.systemDefault())),
          step.step(),
          step.phase().toLowerCase(Locale.ROOT),
          HumanText.time(step.millis()),
          step.detail());
    }
    lines.add("");
    lines.addAll(steps.lines());
    lines.add("");
    lines.addAll(measurements(receipt));
    Receipt.Hold hold = receipt.hold();
    if (hold != null && !hold.services().isEmpty()) {
      lines.add("");
      lines.addAll(bars(hold));
    }
    return lines;
  }

  static List<String> summary(Receipt receipt) {
    List<String> lines = new ArrayList<>();
    lines.add(RunText.sentence(receipt.upgrade()));
    lines.addAll(measurements(receipt));
    lines.add("more: orchestrator show " + receipt.upgrade().id());
    return lines;
  }

  private static List<String> measurements(Receipt receipt) {
    List<String> lines = new ArrayList<>();
    Receipt.Traffic traffic = receipt.traffic();
    if (traffic != null) {
      lines.add(
          String.format(
              Locale.ROOT,
              "  clients  %,d held (longest %s, p99 %s), %,d refused; %,d drained, %,d cut",
              traffic.held(),
              HumanText.time(traffic.longestHoldMillis()),
              HumanText.time(traffic.p99HoldMillis()),
              traffic.refused(),
              traffic.drained(),
              traffic.cut()));
    }
    Receipt.Hold hold = receipt.hold();
    if (hold != null && !hold.path().isEmpty()) {
      lines.add(
          "  hold     %s, one after the other: %s"
              .formatted(
                  HumanText.time(hold.millis()),
                  hold.path().stream()
                      .map(part -> part.what() + " " + HumanText.time(part.millis()))
                      .collect(Collectors.joining(", "))));
    }
    for (Receipt.CopyPass pass : receipt.copies()) {
      lines.add(
          String.format(
              Locale.ROOT,
              "  copied   %s: %,d files, %s in %s",
              pass.name(),
              pass.files(),
              HumanText.bytes(pass.bytes()),
              HumanText.time(pass.millis())));
    }
    Receipt.Image image = receipt.image();
    if (image != null) {
      lines.add(
          "  image    %s, %s, %s"
              .formatted(
                  image.reference(),
                  HumanText.bytes(image.bytes()),
                  image.cached() ? "cached" : built(image)));
    }
    for (InvariantRecord invariant : receipt.invariants()) {
      lines.add(
          "  kept     %s%s, in %s"
              .formatted(invariant.good() ? "" : "NOT: ", invariant.line(), invariant.step()));
    }
    for (String note : receipt.notes()) {
      lines.add("  note     " + note);
    }
    return lines;
  }

  /** The time of a build, and what most of it was. */
  private static String built(Receipt.Image image) {
    String parts =
        image.parts().stream()
            .filter(part -> part.millis() >= SHORT_PART_MILLIS)
            .map(part -> part.what() + " " + HumanText.time(part.millis()))
            .collect(Collectors.joining(", "));
    return "built in %s%s"
        .formatted(HumanText.time(image.buildMillis()), parts.isEmpty() ? "" : " (" + parts + ")");
  }

  /** A line for each service's stop and start, drawn over the time in which clients waited. */
  private static List<String> bars(Receipt.Hold hold) {
    TextTable table =
        new TextTable("SERVICE", "HELD", "TIME", "#: STOPS, .: STARTS, =: RUNS, NOT HEALTHY YET");
    for (Receipt.ServiceSpan span : hold.services()) {
      table.row(
          span.service(),
          span.part(),
          HumanText.time(span.untilMillis() - span.fromMillis()),
          "|" + bar(span, Math.max(1, hold.millis())) + "|");
    }
    return table.lines();
  }

  private static String bar(Receipt.ServiceSpan span, long whole) {
    Long running = span.runningMillis();
    long first = column(span.fromMillis(), whole);
    long middle = column(running == null ? span.untilMillis() : running, whole);
    long last = Math.max(first + 1, column(span.untilMillis(), whole));
    StringBuilder bar = new StringBuilder();
    for (int at = 0; at < BAR; at++) {
      boolean inside = at >= first && at < last;
      bar.append(!inside ? ' ' : running == null ? '#' : at < middle ? '.' : '=');
    }
    return bar.toString();
  }

  private static long column(long millis, long whole) {
    return Math.min(BAR - 1L, Math.round((double) BAR * millis / whole));
  }
}
