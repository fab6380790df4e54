package dev.orchestrator.cli;

import dev.orchestrator.common.HumanText;
import dev.orchestrator.journal.UpgradeRecord;
import java.time.Instant;
import java.util.List;
import java.util.Locale;

/** Prints runs: as a title, a sentence, a row of a table. */
final class RunText {
  private RunText() {}

  /** {@code u7 upgrade v1 → v2}. */
  static String title(UpgradeRecord run) {
    String kind = run.kind().name().toLowerCase(Locale.ROOT);
    String versions =
        run.fromVersion().isEmpty() ? run.toVersion() : run.fromVersion() + " → " + run.toVersion();
    return "%s %s %s".formatted(run.id(), kind, versions);
  }

  /** {@code u7 upgrade v1 → v2: rolled back after 31.0 s, why}. */
  static String sentence(UpgradeRecord run) {
    Instant ended = run.ended();
    String after = ended == null ? "" : " after " + HumanText.time(run.started(), ended);
    String why = run.reason().isEmpty() ? "" : ", " + ProblemList.lines(run.reason());
    return title(run) + ": " + run.outcomeText() + after + why;
  }

  /** The table of {@code history}. */
  static List<String> table(List<UpgradeRecord> runs) {
    TextTable table =
        new TextTable("ID", "KIND", "FROM", "TO", "OUTCOME", "STARTED", "TIME", "REASON");
    for (UpgradeRecord run : runs) {
      Instant ended = run.ended();
      table.row(
          run.id(),
          run.kind().name().toLowerCase(Locale.ROOT),
          run.fromVersion().isEmpty() ? "-" : run.fromVersion(),
          run.toVersion(),
          run.outcomeText(),
          HumanText.when(run.started()),
          ended == null ? "-" : HumanText.time(run.started(), ended),
          ProblemList.head(run.reason()).replace(" see below", ""));
    }
    return table.lines();
  }
}
