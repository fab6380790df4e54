package dev.orchestrator.upgrade.steps;

import dev.orchestrator.data.DataVolume.Method;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.upgrade.Step;
import dev.orchestrator.upgrade.UpgradeContext;
import dev.orchestrator.upgrade.UpgradeRun;
import java.util.List;
import java.util.function.Consumer;

/**
 * Creates what a proof starts: a capsule of the snapshot's image, on volumes of its own, in a
 * network without a way out.
 */
final class PrepareProofStep extends Step {
  PrepareProofStep() {
    super(
        "prepare-proof",
        "makes a capsule of the snapshot's image, in a network without a way out",
        "the capsule is removed");
  }

  /** Undoes: a proof that was cut off can be begun again at any time, and nobody waits for it. */
  @Override
  public AfterRestart afterRestart() {
    return AfterRestart.UNDO;
  }

  @Override
  public OnFailure onFailure() {
    return OnFailure.ROLL_BACK;
  }

  /** What the engine can't start says nothing of the data. */
  @Override
  public boolean isFaultOfCandidate(Throwable failure) {
    return false;
  }

  @Override
  public String check(UpgradeRun run, UpgradeContext context) {
    List<String> empty =
        context.transfer().transfers(run).stream()
            .filter(transfer -> transfer.method() == Method.NEW)
            .map(transfer -> transfer.name())
            .toList();
    if (empty.isEmpty()) {
      return "";
    }
    String line = "not in the snapshot, and empty in its proof: " + String.join(", ", empty);
    context.log().receipt(run.id()).note(line);
    return line;
  }

  @Override
  public String run(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    return context.isolated().create(candidate(run, context), run.id());
  }

  private static Generation candidate(UpgradeRun run, UpgradeContext context) {
    Generation snapshot = run.previous();
    int number = context.journal().nextGeneration();
    Generation proof =
        new Generation(
            number,
            snapshot.version(),
            snapshot.content(),
            snapshot.image(),
            context.names().container(number),
            context.transfer().targetVolumes(run, number),
            context.names().store(number),
            snapshot.ports(),
            context.clock().instant());
    context.journal().addCandidate(run.id(), proof);
    run.green = proof;
    return proof;
  }

  @Override
  public String undo(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    Generation proof = run.green;
    if (proof == null) {
      return "";
    }
    // A copy that still runs would keep the volumes from being removed.
    context.transfer().removeHelpers(run);
    String logs = context.failureLogs().save(run.id(), proof);
    context.isolated().remove(proof);
    return proof.container() + " removed" + logs;
  }
}
