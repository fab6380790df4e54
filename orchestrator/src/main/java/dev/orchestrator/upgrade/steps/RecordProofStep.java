package dev.orchestrator.upgrade.steps;

import dev.orchestrator.journal.SnapshotRecord;
import dev.orchestrator.journal.StepRecord;
import dev.orchestrator.journal.StepRecord.Phase;
import dev.orchestrator.upgrade.SnapshotOptions;
import dev.orchestrator.upgrade.Step;
import dev.orchestrator.upgrade.UpgradeContext;
import dev.orchestrator.upgrade.UpgradeRun;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/** Writes down that a snapshot is proven, by one durable line in the journal. */
final class RecordProofStep extends Step {
  /** The steps whose results say what was proven. */
  private static final Set<String> FINDINGS = Set.of("verify", "check-databases");

  RecordProofStep() {
    super("record-proof", "writes down that the snapshot is proven", "nothing to undo");
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
    String found =
        context.journal().steps(run.id()).stream()
            .filter(line -> line.phase() == Phase.DONE && FINDINGS.contains(line.step()))
            .map(StepRecord::detail)
            .collect(Collectors.joining("; "));
    context
        .journal()
        .recordProof(
            run.previous().number(),
            new SnapshotRecord.Proof(run.id(), context.clock().instant(), true, found));
    run.switched = true;
    String line =
        "snapshot %s is proven: %s"
            .formatted(SnapshotOptions.ofRun(context, run.id()).name(), found);
    context.log().receipt(run.id()).note(line);
    return line;
  }

  /** Undoes nothing: what was found stays found. */
  @Override
  public String undo(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    return "";
  }
}
