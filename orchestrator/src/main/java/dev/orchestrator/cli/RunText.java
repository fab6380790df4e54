package dev.orchestrator.cli;

import dev.orchestrator.common.HumanText;
import dev.orchestrator.journal.UpgradeRecord;
import java.time.Instant;
import java.util.List;

/** Prints runs: as a title, a sentence, a row of a table. */
final class RunText {
  private RunText() {}

  /** {@code u7 upgrade v1 → v2}. */
  static String title(UpgradeRecord run) {
    boolean stays =
        switch (run.kind()) {
          case SNAPSHOT, PROVE, REHEARSE, MOVE -> true;
          case UP, UPGRADE, ROLLBACK, ADOPT, RESTORE -> run.fromVersion().isEmpty();
        };
    String versions = stays ? to(run) : from(run) + " → " + to(run);
    return "%s %s %s".formatted(run.id(), run.kindText(), versions);
  }

  /** The version that served before, or the project; empty where nothing did. */
  private static String from(UpgradeRecord run) {
    return run.kind() == UpgradeRecord.Kind.ADOPT
        ? "project " + run.fromVersion()
        : run.fromVersion();
  }

  private static String to(UpgradeRecord run) {
    return run.returnsToOriginal() ? "project " + run.toVersion() : run.toVersion();
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
          run.kindText(),
          run.fromVersion().isEmpty() ? "-" : from(run),
          to(run),
          run.outcomeText(),
          HumanText.when(run.started()),
          ended == null ? "-" : HumanText.time(run.started(), ended),
          ProblemList.head(run.reason()).replace(" see below", ""));
    }
    return table.lines();
  }
}
