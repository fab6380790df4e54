package dev.orchestrator.report;

import dev.orchestrator.journal.UpgradeRecord;
import java.util.List;

/**
 * What an upgrade would do, as data: printed by {@code --plan}, executed by {@code upgrade}.
 *
 * @param from version that serves, empty for the first {@code up}
 * @param data how each data volume goes along
 * @param quiesce how writers stop, empty where nothing serves
 * @param warnings for a person, a line each
 */
public record Plan(
    UpgradeRecord.Kind kind,
    String stack,
    String from,
    String to,
    List<Step> steps,
    List<Volume> data,
    String quiesce,
    List<String> warnings) {

  /**
   * One line of a plan.
   *
   * @param undo what undoes it
   */
  public record Step(String name, String description, String undo) {}

  /**
   * A data volume. Sizes in bytes.
   *
   * @param how {@code copy}, {@code reflink}, {@code overlay}, {@code attach} or {@code new}
   * @param used what it takes now
   * @param needed what this takes beyond that
   * @param free where the engine keeps its volumes
   * @param fileSystem there
   */
  public record Volume(
      String name, String how, String why, long used, long needed, long free, String fileSystem) {}
}
