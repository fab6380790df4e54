package dev.orchestrator.upgrade.steps;

import dev.orchestrator.common.Deadline;
import dev.orchestrator.common.HumanText;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.data.CopyReport;
import dev.orchestrator.data.DataCopier.Copying;
import dev.orchestrator.data.DataVolume;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.upgrade.DataTransfer;
import dev.orchestrator.upgrade.RunLimits;
import dev.orchestrator.upgrade.SnapshotOptions;
import dev.orchestrator.upgrade.Step;
import dev.orchestrator.upgrade.UpgradeContext;
import dev.orchestrator.upgrade.UpgradeRun;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;

/** Copies the data of a snapshot to green while blue serves: nobody writes to the snapshot. */
final class CopySnapshotStep extends Step {
  CopySnapshotStep() {
    super(
        "copy-snapshot",
        "copies the snapshot's data and compares it, while blue serves",
        "green's data is removed");
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
    String name = SnapshotOptions.ofRun(context, run.id()).name();
    Generation snapshot = run.previous();
    requireVolumes(name, snapshot, context);
    if (context.engine().image(snapshot.image()).isEmpty()) {
      throw new RefusedException(
          "the image of snapshot %s is gone (%s, %s): its data is still there"
              .formatted(name, snapshot.version(), snapshot.image()));
    }
    return "snapshot %s of %s; %s"
        .formatted(
            name,
            snapshot.version(),
            context.planner().reserveSpace(context.transfer().transfers(run)));
  }

  /** The engine would silently make an empty volume in the place of one that is gone. */
  private static void requireVolumes(String name, Generation snapshot, UpgradeContext context) {
    snapshot.volumes().stream()
        .flatMap(volume -> volume.needs().stream())
        .filter(volume -> context.engine().volume(volume).isEmpty())
        .findFirst()
        .ifPresent(volume -> {
          throw new RefusedException(
              "the data of snapshot %s is gone: there is no volume %s".formatted(name, volume));
        });
  }

  @Override
  public String run(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    String stack = context.settings().stack().name();
    requireVolumes(SnapshotOptions.ofRun(context, run.id()).name(), run.previous(), context);
    try (RunLimits.Permit _ = context.runLimits().await(RunLimits.Work.COPY, stack, progress)) {
      return copy(run, context, progress);
    } finally {
      context.runLimits().release(stack);
    }
  }

  private static String copy(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    DataTransfer transfer = context.transfer();
    List<DataVolume> targets = DataTransfer.copiedVolumes(run.green());
    Deadline deadline = Deadline.in(context.limits().preSync());
    long files = 0;
    long bytes = 0;
    for (DataVolume target : targets) {
      Consumer<String> prefixed = line -> progress.accept(DataTransfer.prefixed(target, line));
      Copying copying = transfer.copying(run, target);
      CopyReport whole = copying.live(deadline.remaining(), prefixed);
      transfer.recordPass(run, "copy", target, whole);
      CopyReport compared =
          copying.finish(transfer.comparesAll(run), deadline.remaining(), prefixed);
      transfer.recordPass(run, "compare", target, compared);
      files += whole.files();
      bytes += whole.bytes();
    }
    run.endCopies();
    if (targets.isEmpty()) {
      return DataTransfer.describeMethods(run.green());
    }
    return String.format(
        Locale.ROOT,
        "%s: %,d files, %s copied, and compared: the same",
        DataTransfer.describeMethods(run.green()),
        files,
        HumanText.bytes(bytes));
  }

  /**
   * Ends the copies: a helper container that still runs would keep the volumes from being removed.
   */
  @Override
  public String undo(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    context.transfer().removeHelpers(run);
    return "";
  }
}
