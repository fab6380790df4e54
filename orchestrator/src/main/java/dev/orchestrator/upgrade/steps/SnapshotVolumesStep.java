package dev.orchestrator.upgrade.steps;

import dev.orchestrator.data.DataVolume;
import dev.orchestrator.data.DataVolume.Method;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.upgrade.DataTransfer;
import dev.orchestrator.upgrade.SnapshotOptions;
import dev.orchestrator.upgrade.Step;
import dev.orchestrator.upgrade.UpgradeContext;
import dev.orchestrator.upgrade.UpgradeRun;
import java.util.List;
import java.util.function.Consumer;

/** Creates the volumes of a snapshot, which has no container. */
final class SnapshotVolumesStep extends Step {
  SnapshotVolumesStep() {
    super("snapshot-volumes", "makes the snapshot's volumes", "the snapshot is removed");
  }

  @Override
  public AfterRestart afterRestart() {
    return AfterRestart.GO_ON;
  }

  @Override
  public OnFailure onFailure() {
    return OnFailure.ROLL_BACK;
  }

  @Override
  public String check(UpgradeRun run, UpgradeContext context) {
    context.snapshots().requireFree(SnapshotOptions.ofRun(context, run.id()).name());
    List<String> leftOut = context.planner().leftOutOfSnapshot(run.blue());
    if (leftOut.isEmpty()) {
      return "";
    }
    String line =
        "not in the snapshot, as it is attached and its files change: "
            + String.join(", ", leftOut);
    context.log().receipt(run.id()).note(line);
    return line;
  }

  @Override
  public String run(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    Generation snapshot = context.candidates().ofBlue(run, null);
    for (DataVolume volume : snapshot.volumes()) {
      if (volume.method() != Method.ATTACH) {
        context
            .engine()
            .createVolume(
                volume.volume(), context.names().generationLabels(snapshot, run.id(), "data"));
      }
    }
    return DataTransfer.describeMethods(snapshot);
  }

  @Override
  public String undo(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    Generation snapshot = run.green;
    if (snapshot == null) {
      return "";
    }
    // A copy that still runs would keep the volumes from being removed.
    context.transfer().removeHelpers(run);
    context.retention().remove(snapshot);
    return "the snapshot is removed";
  }
}
