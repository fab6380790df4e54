package dev.orchestrator.upgrade.steps;

import dev.orchestrator.journal.Generation;
import dev.orchestrator.upgrade.Step;
import dev.orchestrator.upgrade.UpgradeContext;
import dev.orchestrator.upgrade.UpgradeRun;
import java.util.function.Consumer;

/** Starts the services of a proof, on the clone or copy of the snapshot. */
final class StartProofStep extends Step {
  StartProofStep() {
    super(
        "start-proof",
        "starts the services of the capsule, which nobody reaches",
        "nothing to undo");
  }

  @Override
  public AfterRestart afterRestart() {
    return AfterRestart.UNDO;
  }

  @Override
  public OnFailure onFailure() {
    return OnFailure.ROLL_BACK;
  }

  @Override
  public boolean runsCandidate() {
    return true;
  }

  @Override
  public String run(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    Generation proof = run.green();
    context.isolated().start(proof, context.limits().verify().deadline(), progress);
    return proof.version() + "'s services started";
  }

  /** Undoes nothing: the capsule is removed as a whole. */
  @Override
  public String undo(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    return "";
  }
}
