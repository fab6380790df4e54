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

/** Prints a receipt: in full for {@code show}, as a summary at the end of a run. */
final class ReceiptText {
  private static final DateTimeFormatter TIME_OF_DAY =
      DateTimeFormatter.ofPattern("HH:mm:ss.SSS", Locale.ROOT);

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
                  image.cached() ? "cached" : "built in " + HumanText.time(image.buildMillis())));
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
}
