package dev.orchestrator.upgrade.steps;

import dev.orchestrator.adopt.Original;
import dev.orchestrator.health.HealthException;
import dev.orchestrator.upgrade.Step;
import dev.orchestrator.upgrade.UpgradeContext;
import dev.orchestrator.upgrade.UpgradeRun;
import java.util.List;
import java.util.function.Consumer;

/**
 * Starts the project that was adopted, with its restart policies, and releases to it what waits as
 * soon as it accepts.
 */
final class StartOriginalStep extends Step {
  StartOriginalStep() {
    super(
        "start-original",
        "starts the project's containers in order, and leads clients to them",
        "they are stopped again");
  }

  /** Goes on: the project serves by the journal. */
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
    Original original = run.original();
    String problem =
        context
            .originals()
            .start(original, run.budget(context.limits().verify().deadline()), progress);
    if (!problem.isEmpty()) {
      throw new HealthException("project " + original.project() + ": " + problem);
    }
    context.hooks().runAfter(run, original);
    run.holdDeadline = null;
    if (context.traffic().mayHaveClients()) {
      context.traffic().switchTo(context.originals().backend(original));
      context.ports().tryRelease(run);
      context.log().recordTraffic(run);
    }
    return "project " + original.project() + " serves";
  }

  @Override
  public String undo(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    Original original = run.original();
    context.leftBehind().tellOfProject(run);
    context.originals().keepStopped(original);
    List<String> _ = context.originals().stop(original, () -> {});
    if (run.blue != null) {
      context.traffic().open(context.limits().hold().plus(UpgradeContext.GATE_SLACK));
    }
    return "project " + original.project() + " is stopped again";
  }
}
