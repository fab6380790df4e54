package dev.orchestrator.upgrade.steps;

import dev.orchestrator.journal.Generation;
import dev.orchestrator.upgrade.Retention;
import dev.orchestrator.upgrade.Step;
import dev.orchestrator.upgrade.UpgradeContext;
import dev.orchestrator.upgrade.UpgradeRun;
import dev.orchestrator.upgrade.VolumeRebaser;
import java.util.function.Consumer;

/** Starts the container of a kept capsule again, without its services. */
final class WakeStep extends Step {
  WakeStep() {
    super(
        "wake", "starts the kept capsule's container and its inner engine", "it is stopped again");
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
  public String run(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    Generation kept = run.green();
    context
        .snapshots()
        .dropName(kept)
        .ifPresent(name ->
            context
                .log()
                .receipt(run.id())
                .note(
                    "%s starts on the data of snapshot %s, which is no snapshot any more"
                        .formatted(kept.version(), name)));
    Generation green = kept;
    VolumeRebaser rebaser = context.rebaser();
    boolean onClone = run.holdsClients() && rebaser.needsRebase(run.id(), green);
    if (onClone) {
      green =
          rebaser.rebaseOntoClones(
              run.id(), green, rebaser.withOriginalVolumes(run.id(), green).volumes(), "");
      run.green = green;
    }
    context.starter().startContainer(green, run.id());
    if (onClone) {
      context.capsule(green).mount(context.limits().ready());
    }
    return "%s (%s) with its %s, inner engine ready"
        .formatted(
            green.container(),
            green.version(),
            onClone
                ? "data as of the switch, in a clone: the newer version's is over it"
                : "own data");
  }

  @Override
  public String undo(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    Generation green = run.green();
    String logFile = context.failureLogs().save(run.id(), green);
    if (context.engine().container(green.container()).isPresent()) {
      context.engine().stopContainer(green.container(), UpgradeContext.STOP_TIMEOUT);
    }
    if (context.hasServed(run)) {
      return green.container()
          + " stopped; what was written to it is in volume "
          + Retention.volumeNames(green)
          + logFile;
    }
    context.rebaser().restoreOriginalVolumes(run.id(), green);
    context.retention().removeUnusedVolumes();
    return green.container() + " stopped" + logFile;
  }
}
