package dev.orchestrator.report;

import dev.orchestrator.journal.RehearsalRecord;
import dev.orchestrator.journal.ReversalRecord;
import org.jspecify.annotations.Nullable;

/**
 * A version of {@code releases/}, as {@code orchestrator versions} shows it.
 *
 * @param state {@code serving}, {@code kept}, {@code available} or {@code quarantined}
 * @param sorting where the version is sorted when that isn't plain from its numbers, such as {@code
 *     revision: after 1.2.3}; else empty
 * @param note why the version is or was quarantined, or empty
 * @param rehearsal its last rehearsal; null where it had none
 * @param reversal what is known of the way back from it; null where nothing is
 */
public record VersionStatus(
    String version,
    String state,
    String note,
    String sorting,
    @Nullable RehearsalRecord rehearsal,
    @Nullable ReversalRecord reversal) {
  /** A version of whose way back nothing is known. */
  public VersionStatus(
      String version,
      String state,
      String note,
      String sorting,
      @Nullable RehearsalRecord rehearsal) {
    this(version, state, note, sorting, rehearsal, null);
  }

  VersionStatus with(@Nullable ReversalRecord other) {
    return new VersionStatus(version, state, note, sorting, rehearsal, other);
  }
}
