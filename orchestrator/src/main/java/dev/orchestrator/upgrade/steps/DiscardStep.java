package dev.orchestrator.upgrade.steps;

import dev.orchestrator.upgrade.Step;
import dev.orchestrator.upgrade.UpgradeContext;
import dev.orchestrator.upgrade.UpgradeRun;
import java.util.Optional;
import java.util.function.Consumer;

/** Throws the capsule and the data of a proof away. */
final class DiscardStep extends Step {
  DiscardStep() {
    super("discard", "removes the capsule and its data", "nothing to undo");
  }

  @Override
  public AfterRestart afterRestart() {
    return AfterRestart.GO_ON;
  }

  /** Leftovers say nothing of the snapshot, but a capsule must not be left running. */
  @Override
  public OnFailure onFailure() {
    return OnFailure.CLEAN_UP;
  }

  @Override
  public Optional<String> abortRefusal() {
    return Optional.of("has proven the snapshot and is removing what it has made");
  }

  @Override
  public String run(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    context.isolated().remove(run.green());
    return run.green().container() + " removed";
  }

  @Override
  public String undo(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    return "";
  }
}
