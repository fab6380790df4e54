package dev.orchestrator.upgrade.steps;

import dev.orchestrator.common.HumanText;
import dev.orchestrator.data.CopyReport;
import dev.orchestrator.data.DataException;
import dev.orchestrator.data.DataVolume;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.upgrade.DataTransfer;
import dev.orchestrator.upgrade.Step;
import dev.orchestrator.upgrade.UpgradeContext;
import dev.orchestrator.upgrade.UpgradeRun;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;

/** While blue is at rest, copies the last difference and compares it, or mounts the clones. */
final class SyncStep extends Step {
  SyncStep() {
    super(
        "sync",
        "copies what changed since, flushes it, compares the two sides",
        "green's data is removed");
  }

  @Override
  public AfterRestart afterRestart() {
    return AfterRestart.UNDO;
  }

  @Override
  public OnFailure onFailure() {
    return OnFailure.ROLL_BACK;
  }

  /** A copy that takes too long does not speak against the candidate. */
  @Override
  public boolean isFaultOfCandidate(Throwable failure) {
    return super.isFaultOfCandidate(failure) && !(failure.getCause() instanceof DataException);
  }

  @Override
  public boolean undoesCandidateAlone() {
    return true;
  }

  @Override
  public String run(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    DataTransfer transfer = context.transfer();
    Duration limit = context.limits().hold();
    List<String> results = new ArrayList<>();
    for (DataVolume target : DataTransfer.copiedVolumes(run.green())) {
      CopyReport report =
          transfer
              .copying(run, target)
              .finish(
                  transfer.comparesAll(run),
                  run.budget(limit),
                  line -> progress.accept(DataTransfer.prefixed(target, line)));
      transfer.recordPass(run, "sync", target, report);
      results.add(
          DataTransfer.prefixed(
              target,
              String.format(
                  Locale.ROOT,
                  "%,d files, %s copied; %,d entries, %,d changed or gone since pre-sync, and the"
                      + " content of %,d files compared: the same",
                  report.files(),
                  HumanText.bytes(report.bytes()),
                  report.entries(),
                  report.changed(),
                  report.content())));
    }
    run.endCopies();
    if (DataTransfer.isCloned(run.green())) {
      context.capsule(run.green()).mount(run.budget(limit));
    }
    if (results.isEmpty()) {
      results.add(DataTransfer.describeMethods(run.green()));
    }
    return String.join("; ", results);
  }

  /**
   * Ends the copies and unmounts green's clones: blue must not write while its volumes are layers
   * below green's.
   */
  @Override
  public String undo(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    context.transfer().removeHelpers(run);
    Generation green = run.green;
    if (green == null || context.engine().container(green.container()).isEmpty()) {
      return "";
    }
    if (context.hasServed(run)) {
      context.engine().stopContainer(green.container(), UpgradeContext.STOP_TIMEOUT);
      return green.container() + " stopped";
    }
    if (!DataTransfer.isCloned(green)) {
      return "";
    }
    String _ = context.failureLogs().saveBriefly(run.id(), green);
    context.engine().killContainer(green.container());
    return "the clone is let go";
  }
}
