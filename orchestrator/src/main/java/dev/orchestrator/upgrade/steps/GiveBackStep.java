package dev.orchestrator.upgrade.steps;

import dev.orchestrator.journal.Generation;
import dev.orchestrator.upgrade.Step;
import dev.orchestrator.upgrade.UpgradeContext;
import dev.orchestrator.upgrade.UpgradeRun;
import java.util.function.Consumer;

/**
 * Decides that the project that was adopted serves again, by one durable line in the journal, and
 * leaves its ports. Before it starts: a project that runs is one that may be written to, and no
 * restart of the service may stop it again.
 */
final class GiveBackStep extends Step {
  GiveBackStep() {
    super("give-back", "leaves the ports to the project", "the stack serves again");
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
    context.journal().switchToOriginal(run.id());
    run.switched = true;
    context.traffic().leavePorts();
    return "the ports are project " + run.original().project() + "'s again";
  }

  @Override
  public String undo(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    Generation blue = run.blue;
    if (blue == null || context.journal().serving().isPresent()) {
      return "";
    }
    context.journal().switchTo(run.id(), blue.number());
    return blue.version() + " is to serve";
  }
}
