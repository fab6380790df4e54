package dev.orchestrator.cli;

import dev.orchestrator.common.HumanText;
import dev.orchestrator.journal.ReversalRecord;
import dev.orchestrator.report.Plan;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Prints a plan: the steps, how the data of each volume gets to the new version, warnings. */
final class PlanText {
  private PlanText() {}

  static List<String> lines(Plan plan) {
    List<String> lines = new ArrayList<>();
    lines.add(
        "%s of %s: %s → %s"
            .formatted(
                plan.kind().name().toLowerCase(Locale.ROOT),
                plan.stack(),
                plan.from().isEmpty() ? "nothing" : plan.from(),
                plan.to()));
    TextTable steps = new TextTable("STEP", "DOES", "UNDONE BY");
    for (Plan.Step step : plan.steps()) {
      steps.row(step.name(), step.does(), step.undo().isEmpty() ? "-" : step.undo());
    }
    lines.addAll(steps.lines());
    if (!plan.data().isEmpty()) {
      TextTable data = new TextTable("VOLUME", "GOES BY", "SIZE", "NEEDS", "FREE", "BECAUSE");
      for (Plan.Volume volume : plan.data()) {
        data.row(
            volume.name(),
            volume.how(),
            HumanText.bytes(volume.used()),
            HumanText.bytes(volume.needed()),
            volume.fileSystem().isEmpty()
                ? "-"
                : HumanText.bytes(volume.free()) + " on " + volume.fileSystem(),
            volume.why());
      }
      lines.add("");
      lines.addAll(data.lines());
      for (Plan.Volume volume : plan.data()) {
        if (volume.lastPassMillis() > 0) {
          lines.add(
              String.format(
                  Locale.ROOT,
                  "last pass of %s, while clients wait: about %.1f s, and the copying of what"
                      + " changes until then: %s by the files that changed in the last minute",
                  volume.name(),
                  volume.lastPassMillis() / 1000.0,
                  HumanText.bytes(volume.lastPassBytes())));
        }
      }
    }
    if (!plan.quiesce().isEmpty()) {
      lines.add("");
      lines.add("quiesce: " + plan.quiesce());
    }
    if (!plan.files().isEmpty()) {
      lines.add("");
      lines.add(plan.files());
    }
    if (!plan.invariants().isEmpty()) {
      lines.add("");
      lines.addAll(plan.invariants());
    }
    ReversalRecord reversal = plan.reversal();
    if (reversal != null) {
      lines.add("");
      lines.add("way back: " + reversal.line());
      reversal.changes().forEach(change -> lines.add("  " + change));
    }
    if (!plan.paths().isEmpty()) {
      lines.add("");
      lines.add(plan.paths());
    }
    plan.warnings().forEach(warning -> lines.add("warning: " + warning));
    return lines;
  }
}
