package dev.orchestrator.upgrade.steps;

import dev.orchestrator.common.Deadline;
import dev.orchestrator.common.HumanText;
import dev.orchestrator.data.CopyReport;
import dev.orchestrator.data.DataVolume;
import dev.orchestrator.upgrade.DataTransfer;
import dev.orchestrator.upgrade.RunLimits;
import dev.orchestrator.upgrade.Step;
import dev.orchestrator.upgrade.UpgradeContext;
import dev.orchestrator.upgrade.UpgradeRun;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;

/** Copies the data while blue serves, so that little is left to copy while clients wait. */
final class PreSyncStep extends Step {
  /** Another pass is worth its time where it leaves less than this part of what was left. */
  private static final double SHRINKS = 0.9;

  PreSyncStep() {
    super("pre-sync", "copies the data while blue serves", "green's data is removed");
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
  public boolean undoesCandidateAlone() {
    return true;
  }

  @Override
  public String check(UpgradeRun run, UpgradeContext context) {
    if (run.moves()) {
      return ""; // The space that counts is on the other host.
    }
    String unused = context.unusedData().require(run);
    String space = context.planner().reserveSpace(context.transfer().transfers(run));
    return unused.isEmpty() ? space : unused + "; " + space;
  }

  /**
   * Repeats passes over all volumes until little is left, or hardly less than after the pass
   * before: a log that a database rewrites all the time never gets less.
   */
  @Override
  public String run(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    List<DataVolume> targets = DataTransfer.copiedVolumes(run.green());
    if (targets.isEmpty()) {
      return "nothing to copy: " + DataTransfer.describeMethods(run.green());
    }
    String stack = context.settings().stack().name();
    try (RunLimits.Permit _ = context.runLimits().await(RunLimits.Work.COPY, stack, progress)) {
      return copy(run, context, targets, progress);
    } finally {
      context.runLimits().release(stack);
    }
  }

  private static String copy(
      UpgradeRun run, UpgradeContext context, List<DataVolume> targets, Consumer<String> progress) {
    Deadline deadline = Deadline.in(context.limits().preSync());
    int pass = 0;
    long files = 0;
    long bytes = 0;
    long bytesInPass;
    long leftBefore;
    long left = Long.MAX_VALUE;
    do {
      leftBefore = left;
      left = 0;
      bytesInPass = 0;
      pass++;
      for (DataVolume target : targets) {
        CopyReport report = pass(run, context, "pre-sync " + pass, target, deadline, progress);
        files += report.files();
        bytesInPass += report.bytes();
        left += report.left();
      }
      bytes += bytesInPass;
    } while (pass < context.dataSettings().passes()
        && left > context.dataSettings().small()
        && left < SHRINKS * leftBefore);
    long compared = 0;
    for (DataVolume target : targets) {
      compared += compare(run, context, target, deadline, progress);
    }
    return String.format(
        Locale.ROOT,
        "%,d files, %s copied in %d passes, %s in the last; %s changed meanwhile; content of %,d"
            + " files compared",
        files,
        HumanText.bytes(bytes),
        pass,
        HumanText.bytes(bytesInPass),
        HumanText.bytes(left),
        compared);
  }

  private static CopyReport pass(
      UpgradeRun run,
      UpgradeContext context,
      String name,
      DataVolume target,
      Deadline deadline,
      Consumer<String> progress) {
    DataTransfer transfer = context.transfer();
    CopyReport report =
        transfer
            .copying(run, target)
            .live(
                deadline.remaining(), line -> progress.accept(DataTransfer.prefixed(target, line)));
    transfer.recordPass(run, name, target, report);
    return report;
  }

  private static long compare(
      UpgradeRun run,
      UpgradeContext context,
      DataVolume target,
      Deadline deadline,
      Consumer<String> progress) {
    progress.accept(DataTransfer.prefixed(target, "comparing"));
    DataTransfer transfer = context.transfer();
    return transfer.copying(run, target).compare(transfer.comparesAll(run), deadline.remaining());
  }

  /** One more pass, after a step that took its time: less is left to copy while clients wait. */
  static void catchUp(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    List<DataVolume> targets = DataTransfer.copiedVolumes(run.green());
    String stack = context.settings().stack().name();
    try (RunLimits.Permit _ = context.runLimits().await(RunLimits.Work.COPY, stack, progress)) {
      Deadline deadline = Deadline.in(context.limits().preSync());
      for (DataVolume target : targets) {
        CopyReport _ = pass(run, context, "pre-sync again", target, deadline, progress);
        long _ = compare(run, context, target, deadline, progress);
      }
    }
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
