package dev.orchestrator.journal;

import dev.orchestrator.Amounts;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A receipt for a person: one fact a line, columns aligned, times in the reader's zone. */
public final class ReceiptText {

  private static final DateTimeFormatter DATE = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss");
  private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("HH:mm:ss.SSS");

  private final Receipt receipt;
  private final ZoneId zone;
  private final List<String> lines = new ArrayList<>();

  private ReceiptText(Receipt receipt, ZoneId zone) {
    this.receipt = receipt;
    this.zone = zone;
  }

  /** Lines without colour, each ended by a newline. */
  public static String of(Receipt receipt, ZoneId zone) {
    return new ReceiptText(receipt, zone).text();
  }

  private String text() {
    UpgradeRecord upgrade = receipt.upgrade();
    lines.add(
        "%s  %s %s%s"
            .formatted(
                upgrade.id(),
                upgrade.kind().name().toLowerCase(Locale.ROOT),
                receipt.stack(),
                versions(upgrade)));
    fact("outcome", outcome(upgrade));
    fact("started", time(upgrade.started(), DATE) + " " + zone);
    Instant ended = upgrade.ended();
    if (ended != null) {
      fact("took", Amounts.time(Duration.between(upgrade.started(), ended).toMillis()));
    }
    image();
    copies();
    traffic();
    receipt.notes().forEach(note -> fact("note", note));
    steps();
    return String.join("\n", lines) + "\n";
  }

  private static String versions(UpgradeRecord upgrade) {
    return (upgrade.fromVersion().isEmpty() ? "" : " " + upgrade.fromVersion())
        + " -> "
        + upgrade.toVersion();
  }

  private static String outcome(UpgradeRecord upgrade) {
    String word =
        switch (upgrade.outcome()) {
          case RUNNING -> "still running";
          case DONE -> "done: " + upgrade.toVersion() + " serves";
          case REFUSED -> "refused, nothing was changed";
          case ROLLED_BACK ->
              upgrade.fromVersion().isEmpty()
                  ? "failed and undone"
                  : "rolled back: " + upgrade.fromVersion() + " serves";
          case NEEDS_ATTENTION -> "NEEDS ATTENTION";
        };
    String why = upgrade.outcome() == Outcome.DONE ? " (" : ", because: ";
    return upgrade.reason().isEmpty()
        ? word
        : word + why + upgrade.reason() + (upgrade.outcome() == Outcome.DONE ? ")" : "");
  }

  private void image() {
    Receipt.Image image = receipt.image();
    if (image != null) {
      fact(
          "image",
          "%s, %s, %s"
              .formatted(
                  image.reference(),
                  Amounts.bytes(image.bytes()),
                  image.cached()
                      ? "was there already"
                      : "built in " + Amounts.time(image.buildMillis())));
    }
  }

  private void copies() {
    for (Receipt.CopyPass pass : receipt.copies()) {
      fact(
          "copied",
          "%s: %s files, %s in %s"
              .formatted(
                  pass.name(),
                  count(pass.files()),
                  Amounts.bytes(pass.bytes()),
                  Amounts.time(pass.millis())));
    }
  }

  private void traffic() {
    Receipt.Traffic traffic = receipt.traffic();
    if (traffic == null) {
      return;
    }
    fact(
        "held",
        traffic.held() == 0
            ? "no connection"
            : "%s connections, the longest for %s (99 of 100 within %s)"
                .formatted(
                    count(traffic.held()),
                    Amounts.time(traffic.longestHoldMillis()),
                    Amounts.time(traffic.p99HoldMillis())));
    fact("refused", count(traffic.refused()) + " connections");
    fact(
        "drained",
        "%d connections ended by themselves, %d were cut"
            .formatted(traffic.drained(), traffic.cut()));
  }

  private void steps() {
    if (receipt.steps().isEmpty()) {
      return;
    }
    lines.add("");
    int step = width(receipt.steps().stream().map(Receipt.Step::step).toList());
    int phase = width(receipt.steps().stream().map(Receipt.Step::phase).toList());
    int took = width(receipt.steps().stream().map(s -> Amounts.time(s.millis())).toList());
    for (Receipt.Step s : receipt.steps()) {
      String format = "  %s  %-" + step + "s  %-" + phase + "s  %" + took + "s  %s";
      lines.add(
          format
              .formatted(
                  time(s.at(), TIME), s.step(), s.phase(), Amounts.time(s.millis()), s.detail())
              .stripTrailing());
    }
  }

  private void fact(String name, String value) {
    lines.add("  %-8s %s".formatted(name, value));
  }

  private String time(Instant instant, DateTimeFormatter format) {
    return format.format(instant.atZone(zone));
  }

  private static int width(List<String> cells) {
    return cells.stream().mapToInt(String::length).max().orElse(1);
  }

  private static String count(long count) {
    return String.format(Locale.ROOT, "%,d", count);
  }
}
