package dev.orchestrator.stack;

import dev.orchestrator.journal.SnapshotRecord.Reason;
import dev.orchestrator.settings.DataSettings.Quiesce;
import org.jspecify.annotations.Nullable;

/**
 * A request to make a snapshot.
 *
 * @param name null for one with the version and the time
 * @param quiesce how services stop writing; null for the configured way
 */
public record SnapshotRequest(@Nullable String name, @Nullable Quiesce quiesce, Reason reason) {

  /** A request of a person or a script. */
  public static SnapshotRequest manual(@Nullable String name, @Nullable Quiesce quiesce) {
    return new SnapshotRequest(name, quiesce, Reason.MANUAL);
  }
}
