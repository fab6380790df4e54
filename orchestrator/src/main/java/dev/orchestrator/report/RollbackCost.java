package dev.orchestrator.report;

import dev.orchestrator.upgrade.DataChanges;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The data that a rollback would leave behind, or that the undo of an adoption would remove: what
 * was written since the switch. JSON of the API: component names are a contract.
 *
 * @param from the version that serves
 * @param to the version that would serve, of generation {@code generation}; or {@code project NAME}
 *     and generation 0
 * @param since when clients were led to the version that serves
 * @param tables the database tables that were written to, as far as they can be queried
 * @param configured {@code carry}, {@code restore} or {@code ask}
 * @param notes what speaks against the newer data, a line each; null of an older service
 */
public record RollbackCost(
    String from,
    String to,
    int generation,
    Instant since,
    List<DataChanges.Volume> volumes,
    List<DataChanges.Rows> tables,
    String configured,
    @Nullable List<String> notes) {
  /** A cost without notes. */
  public RollbackCost(
      String from,
      String to,
      int generation,
      Instant since,
      List<DataChanges.Volume> volumes,
      List<DataChanges.Rows> tables,
      String configured) {
    this(from, to, generation, since, volumes, tables, configured, List.of());
  }

  @Override
  public List<String> notes() {
    return notes == null ? List.of() : notes;
  }
}
