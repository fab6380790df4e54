package dev.orchestrator.report;

import dev.orchestrator.journal.RehearsalRecord;
import org.jspecify.annotations.Nullable;

/**
 * A version of {@code releases/}, as {@code orchestrator versions} shows it.
 *
 * @param state {@code serving}, {@code kept}, {@code available} or {@code quarantined}
 * @param sorting where the version is sorted when that isn't plain from its numbers, such as {@code
 *     revision: after 1.2.3}; else empty
 * @param note why the version is or was quarantined, or empty
 * @param rehearsal its last rehearsal; null where it had none
 */
public record VersionStatus(
    String version,
    String state,
    String note,
    String sorting,
    @Nullable RehearsalRecord rehearsal) {}
