package dev.orchestrator.upgrade;

import dev.orchestrator.journal.Journal;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.ReceiptWriter;
import dev.orchestrator.traffic.Traffic;

/** What a run leaves for its receipt, written to the journal as it becomes known. */
final class Notes {
  private final Journal journal;
  private final Traffic traffic;

  Notes(Journal journal, Traffic traffic) {
    this.journal = journal;
    this.traffic = traffic;
  }

  void image(String run, Receipt.Image image) {
    new ReceiptWriter(journal, run).image(image);
  }

  void copy(String run, Receipt.CopyPass pass) {
    new ReceiptWriter(journal, run).copy(pass);
  }

  /** What clients saw since the hold. */
  void traffic(String run, Traffic.Drained drained) {
    Receipt.Traffic seen = traffic.sinceHold();
    new ReceiptWriter(journal, run)
        .traffic(
            new Receipt.Traffic(
                seen.held(),
                seen.longestHoldMillis(),
                seen.p99HoldMillis(),
                seen.refused(),
                drained.alone(),
                drained.cut()));
  }

  void note(String run, String line) {
    new ReceiptWriter(journal, run).note(line);
  }
}
