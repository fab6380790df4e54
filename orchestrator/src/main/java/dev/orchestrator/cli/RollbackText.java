package dev.orchestrator.cli;

import dev.orchestrator.common.HumanText;
import dev.orchestrator.report.RollbackCost;
import dev.orchestrator.upgrade.DataChanges;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Prints what a rollback costs: what was written since the switch. */
final class RollbackText {
  private RollbackText() {}

  static List<String> lines(RollbackCost cost) {
    List<String> lines = new ArrayList<>();
    lines.add(
        "rollback: %s → %s (generation %d); %s serves since %s"
            .formatted(
                cost.from(),
                cost.to(),
                cost.generation(),
                cost.from(),
                HumanText.when(cost.since())));
    lines.add("written since:");
    addWritten(cost, lines);
    cost.notes().forEach(note -> lines.add("note: " + note));
    return lines;
  }

  /** What the undo of an adoption removes. */
  static List<String> undoLines(RollbackCost cost) {
    List<String> lines = new ArrayList<>();
    lines.add(
        "undo of the adoption: %s → %s, with its data as of %s"
            .formatted(cost.from(), cost.to(), HumanText.when(cost.since())));
    lines.add("what was written to the stack since is removed with it:");
    addWritten(cost, lines);
    return lines;
  }

  private static void addWritten(RollbackCost cost, List<String> lines) {
    for (DataChanges.Volume volume : cost.volumes()) {
      lines.add("  %-10s %s".formatted(volume.name(), volume(volume)));
    }
    if (!cost.tables().isEmpty()) {
      lines.add("");
      TextTable tables = new TextTable("TABLE", "SERVICE", "ROWS (ABOUT)", "SINCE THE SWITCH");
      for (DataChanges.Rows rows : cost.tables()) {
        tables.row(
            rows.table(),
            rows.service(),
            String.format(Locale.ROOT, "%,d", rows.rows()),
            String.format(Locale.ROOT, "%+,d", rows.more()));
      }
      lines.addAll(tables.lines());
    }
  }

  private static String volume(DataChanges.Volume volume) {
    return volume.note().isEmpty()
        ? String.format(
            Locale.ROOT,
            "%,d files changed or new, %s; %,d deleted",
            volume.files(),
            HumanText.bytes(volume.bytes()),
            volume.deleted())
        : volume.note();
  }
}
