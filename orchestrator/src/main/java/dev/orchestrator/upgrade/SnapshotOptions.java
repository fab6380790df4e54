package dev.orchestrator.upgrade;

import dev.orchestrator.common.Json;
import dev.orchestrator.journal.SnapshotRecord.Reason;
import dev.orchestrator.settings.DataSettings.Quiesce;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a run does with which snapshot. Kept in the journal with the run.
 *
 * @param name of the snapshot that is made, restored or proven
 * @param reason why it is made
 * @param quiesce how services stop writing; null for the configured way
 * @param generation number of the generation whose volumes are restored or proven; 0 in a run that
 *     makes a snapshot
 */
public record SnapshotOptions(
    String name, Reason reason, @Nullable Quiesce quiesce, int generation) {

  /** Key in the journal. */
  private static final String ATTACHMENT_KEY = "snapshot";

  /** Options of a run that makes a snapshot. */
  public static SnapshotOptions toMake(String name, Reason reason, @Nullable Quiesce quiesce) {
    return new SnapshotOptions(name, reason, quiesce, 0);
  }

  /** Options of a run that restores a snapshot. */
  public static SnapshotOptions toRestore(String name, Reason reason, int generation) {
    return new SnapshotOptions(name, reason, null, generation);
  }

  /** Options of a run that proves a snapshot. */
  public static SnapshotOptions toProve(String name, Reason reason, int generation) {
    return new SnapshotOptions(name, reason, null, generation);
  }

  /** The journal's form of these options. */
  public Map<String, String> attachments() {
    return Map.of(ATTACHMENT_KEY, Json.write(this));
  }

  /** The options that a run was begun with, which is about a snapshot. */
  public static SnapshotOptions ofRun(UpgradeContext context, String run) {
    return context
        .journal()
        .attachment(run, ATTACHMENT_KEY)
        .map(json -> Json.read(json, SnapshotOptions.class))
        .orElseThrow(() -> new IllegalStateException(run + " is about no snapshot"));
  }
}
