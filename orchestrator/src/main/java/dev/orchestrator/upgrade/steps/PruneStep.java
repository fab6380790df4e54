package dev.orchestrator.upgrade.steps;

import dev.orchestrator.upgrade.Snapshots;
import dev.orchestrator.upgrade.Step;
import dev.orchestrator.upgrade.UpgradeContext;
import dev.orchestrator.upgrade.UpgradeRun;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** Removes the snapshots that the settings no longer keep. */
final class PruneStep extends Step {
  PruneStep() {
    super("prune", "removes snapshots that the settings no longer keep", "nothing to undo");
  }

  @Override
  public AfterRestart afterRestart() {
    return AfterRestart.GO_ON;
  }

  /** Keeps the snapshot, which is made: leftovers are no reason to remove it. */
  @Override
  public OnFailure onFailure() {
    return OnFailure.KEEP;
  }

  @Override
  public Optional<String> abortRefusal() {
    return Optional.of("has made the snapshot: 'orchestrator snapshot delete' removes it");
  }

  @Override
  public String run(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    List<String> removed =
        context.snapshots().prune().stream().map(Snapshots::describePruned).toList();
    removed.forEach(line -> context.log().receipt(run.id()).note(line));
    return removed.isEmpty() ? "nothing to remove" : String.join("; ", removed);
  }

  @Override
  public String undo(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    return "";
  }
}
