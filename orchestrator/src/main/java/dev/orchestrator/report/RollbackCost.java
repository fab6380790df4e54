package dev.orchestrator.report;

import dev.orchestrator.upgrade.DataChanges;
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
    List<DataChanges.Volume> volumes,
    List<DataChanges.Rows> tables,
    String configured) {}
