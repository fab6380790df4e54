package dev.orchestrator.report;

import dev.orchestrator.journal.ReversalRecord;
import dev.orchestrator.journal.UpgradeRecord;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A plan of an upgrade, as {@code upgrade --plan} prints it. JSON of the API: component names are a
 * contract.
 *
 * @param from version that serves; empty for the first {@code up}
 * @param data how each data volume gets to the next version
 * @param quiesce how writers stop; empty where nothing serves
 * @param warnings for a person, a line each
 * @param files what becomes of the release's files that services write to; empty where nothing
 * @param invariants the figures of the data that are compared, a line each
 * @param reversal what is known of the way back; null where nothing is
 * @param paths which way clients take now and in the run, of routes that the kernel may lead; empty
 *     where there is none
 */
public record Plan(
    UpgradeRecord.Kind kind,
    String stack,
    String from,
    String to,
    List<Step> steps,
    List<Volume> data,
    String quiesce,
    List<String> warnings,
    String files,
    List<String> invariants,
    @Nullable ReversalRecord reversal,
    String paths) {

  public Plan {
    // A service that was started before this was told sends none.
    files = Objects.requireNonNullElse(files, "");
    invariants = Objects.requireNonNullElse(invariants, List.of());
    paths = Objects.requireNonNullElse(paths, "");
  }

  public Plan(
      UpgradeRecord.Kind kind,
      String stack,
      String from,
      String to,
      List<Step> steps,
      List<Volume> data,
      String quiesce,
      List<String> warnings) {
    this(kind, stack, from, to, steps, data, quiesce, warnings, "", List.of(), null, "");
  }

  Plan withFiles(String text) {
    return new Plan(
        kind, stack, from, to, steps, data, quiesce, warnings, text, invariants, reversal, paths);
  }

  Plan withInvariants(List<String> lines) {
    return new Plan(
        kind, stack, from, to, steps, data, quiesce, warnings, files, lines, reversal, paths);
  }

  Plan withReversal(@Nullable ReversalRecord known) {
    return new Plan(
        kind, stack, from, to, steps, data, quiesce, warnings, files, invariants, known, paths);
  }

  Plan withPaths(String text) {
    return new Plan(
        kind, stack, from, to, steps, data, quiesce, warnings, files, invariants, reversal, text);
  }

  /**
   * A step.
   *
   * @param does what the step does
   * @param undo how it is undone
   */
  public record Step(String name, String does, String undo) {}

  /**
   * A data volume. Sizes are in bytes.
   *
   * @param how {@code copy}, {@code reflink}, {@code overlay}, {@code attach} or {@code new}
   * @param used size of the data now
   * @param needed additional space that the method takes
   * @param free free space where the engine keeps its volumes
   * @param fileSystem file system there
   * @param lastPassMillis how long the last pass of a copy will take about, while clients wait,
   *     beside the copying of what changes until then; 0 for other methods
   * @param lastPassBytes what that copying moves about, going by the files that have changed within
   *     a minute before the plan, such as the log that a database rewrites all the time; 0 for
   *     other methods
   */
  public record Volume(
      String name,
      String how,
      String why,
      long used,
      long needed,
      long free,
      String fileSystem,
      long lastPassMillis,
      long lastPassBytes) {}
}
