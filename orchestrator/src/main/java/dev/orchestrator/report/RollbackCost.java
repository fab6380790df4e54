package dev.orchestrator.report;

import java.time.Instant;
import java.util.List;

/**
 * What going back would leave behind: what was written since the switch.
 *
 * @param from the version that serves
 * @param to the one that would serve, of generation {@code generation}
 * @param since when clients were led to what serves
 * @param tables of its databases that were written to, as far as those can be asked
 * @param configured {@code carry}, {@code restore} or {@code ask}
 */
public record RollbackCost(
    String from,
    String to,
    int generation,
    Instant since,
    List<Volume> volumes,
    List<Rows> tables,
    String configured) {

  /**
   * A data volume.
   *
   * @param volume the engine's name of it, which it keeps
   * @param files changed or new since
   * @param bytes sizes of those files
   * @param deleted files that were there before
   * @param note what else there is to say, such as that both versions have this volume
   */
  public record Volume(
      String name, String volume, long files, long bytes, long deleted, String note) {}

  /**
   * A table.
   *
   * @param rows that it has now, as the server estimates them
   * @param more rows than at the switch; negative when there are fewer
   */
  public record Rows(String service, String table, long rows, long more) {}
}
