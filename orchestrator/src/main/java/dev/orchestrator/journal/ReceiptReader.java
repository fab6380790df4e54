package dev.orchestrator.journal;

import dev.orchestrator.common.Json;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.journal.StepRecord.Phase;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Makes receipts of what the journal has, also of a run that is still under way. */
public final class ReceiptReader {

  private ReceiptReader() {}

  /** The receipt of a run; refuses an id that no run has. */
  public static Receipt of(Journal journal, String stack, String id) throws RefusedException {
    UpgradeRecord upgrade =
        journal
            .upgrade(id)
            .orElseThrow(() ->
                new RefusedException(
                    "there is no upgrade %s; `orchestrator history` lists all upgrades"
                        .formatted(id)));
    return new Receipt(
        upgrade,
        stack,
        steps(journal.steps(id)),
        journal
            .attachment(id, ReceiptWriter.TRAFFIC)
            .map(json -> Json.read(json, Receipt.Traffic.class))
            .orElse(null),
        journal
            .attachment(id, ReceiptWriter.COPIES)
            .map(json -> Json.read(json, ReceiptWriter.COPY_LIST))
            .orElse(List.of()),
        journal
            .attachment(id, ReceiptWriter.IMAGE)
            .map(json -> Json.read(json, Receipt.Image.class))
            .orElse(null),
        journal
            .attachment(id, ReceiptWriter.NOTES)
            .map(json -> Json.read(json, ReceiptWriter.NOTE_LIST))
            .orElse(List.of()),
        journal
            .attachment(id, ReceiptWriter.HOLD)
            .map(json -> Json.read(json, Receipt.Hold.class))
            .orElse(null),
        journal
            .attachment(id, ReceiptWriter.INVARIANTS)
            .map(json -> Json.read(json, ReceiptWriter.INVARIANT_LIST))
            .orElse(List.of()));
  }

  /**
   * Joins the line that begins a step and the line that ends it to one step, at the time of the
   * first. A step that was never ended (it is under way, or the service was killed in it) keeps the
   * phase {@code intent} or {@code undo}, and lasts until the next line.
   */
  public static List<Receipt.Step> steps(List<StepRecord> lines) {
    List<Receipt.Step> steps = new ArrayList<>();
    StepRecord open = null;
    for (StepRecord line : lines) {
      boolean opens = line.phase() == Phase.INTENT || line.phase() == Phase.UNDO;
      if (!opens && open != null && open.step().equals(line.step())) {
        steps.add(step(open, line, line.at()));
        open = null;
        continue;
      }
      if (open != null) {
        steps.add(step(open, open, line.at()));
        open = null;
      }
      if (opens) {
        open = line;
      } else {
        steps.add(step(line, line, line.at()));
      }
    }
    if (open != null) {
      steps.add(step(open, open, open.at()));
    }
    return List.copyOf(steps);
  }

  private static Receipt.Step step(StepRecord first, StepRecord last, Instant end) {
    // The host's clock may have been set back in between.
    long millis = Math.max(0, Duration.between(first.at(), end).toMillis());
    return new Receipt.Step(
        first.step(),
        last.phase().name().toLowerCase(Locale.ROOT),
        first.at(),
        millis,
        text(first, last));
  }

  private static String text(StepRecord first, StepRecord last) {
    return last.detail().isEmpty() ? first.detail() : last.detail();
  }
}
