package dev.orchestrator.upgrade;

import dev.orchestrator.journal.UpgradeRecord;
import java.util.List;

/**
 * What an upgrade would do, as data: printed by {@code --plan}, executed by {@code upgrade}.
 *
 * @param from version that serves, empty for the first {@code up}
 */
public record Plan(
    UpgradeRecord.Kind kind, String stack, String from, String to, List<Step> steps) {

  /**
   * One line of a plan.
   *
   * @param undo what undoes it
   */
  public record Step(String name, String does, String undo) {}
}
