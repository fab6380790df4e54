package dev.orchestrator.upgrade.steps;

import dev.orchestrator.common.HumanText;
import dev.orchestrator.data.DataVolume.Method;
import dev.orchestrator.data.VolumeUsage;
import dev.orchestrator.journal.SnapshotRecord;
import dev.orchestrator.journal.SnapshotRecord.Reason;
import dev.orchestrator.upgrade.SnapshotOptions;
import dev.orchestrator.upgrade.Step;
import dev.orchestrator.upgrade.UpgradeContext;
import dev.orchestrator.upgrade.UpgradeRun;
import dev.orchestrator.upgrade.VolumeTransfer;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.function.Consumer;

/** Makes the copy a snapshot, by one durable line in the journal. */
final class RecordSnapshotStep extends Step {
  RecordSnapshotStep() {
    super("record", "writes the snapshot down", "nothing to undo");
  }

  @Override
  public AfterRestart afterRestart() {
    return AfterRestart.ASK_THE_JOURNAL;
  }

  @Override
  public OnFailure onFailure() {
    return OnFailure.ROLL_BACK;
  }

  @Override
  public String run(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    SnapshotOptions options = SnapshotOptions.ofRun(context, run.id());
    Instant heldAt = run.heldAt;
    if (heldAt == null) {
      throw new IllegalStateException("record before hold");
    }
    long bytes = 0;
    long shared = 0;
    for (VolumeTransfer transfer : context.transfer().transfers(run)) {
      VolumeUsage usage = transfer.usage();
      long used = usage == null ? 0 : usage.used();
      bytes += used;
      shared += transfer.method() == Method.COPY ? 0 : used;
    }
    context
        .journal()
        .addSnapshot(
            new SnapshotRecord(
                options.name(),
                run.green().number(),
                options.reason(),
                heldAt.truncatedTo(ChronoUnit.MILLIS),
                bytes,
                shared,
                run.pauseMillis,
                context.snapshots().settingsText()));
    run.switched = true;
    if (options.reason() != Reason.FOR_EXPORT) {
      context.snapshots().recordTables(run.green(), context.capsule(run.blue()));
    }
    String line =
        "snapshot %s of %s, %s; clients waited %s at most"
            .formatted(
                options.name(),
                run.blue().version(),
                HumanText.bytes(bytes),
                HumanText.time(run.pauseMillis));
    context.log().receipt(run.id()).note(line);
    return line;
  }

  /** Undoes nothing: the snapshot goes with its volumes. */
  @Override
  public String undo(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    return "";
  }
}
