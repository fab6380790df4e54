package dev.orchestrator.upgrade.steps;

import dev.orchestrator.journal.Generation;
import dev.orchestrator.proxy.config.Backend;
import dev.orchestrator.upgrade.HoldAnatomy;
import dev.orchestrator.upgrade.Step;
import dev.orchestrator.upgrade.UpgradeContext;
import dev.orchestrator.upgrade.UpgradeRun;
import java.time.Duration;
import java.util.function.Consumer;

/** Leads every route to green: one durable line in the journal, then one reference in the proxy. */
final class SwitchStep extends Step {
  SwitchStep() {
    super(
        "switch",
        "leads every route to green and releases what waits",
        "routes lead to blue again");
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
    Generation green = run.green();
    // The step runs again when the journal was full after the switch. It must not fail then,
    // because
    // clients already write to green.
    if (!run.switched || !context.traffic().isOpenTo(green.container())) {
      switchRoutes(run, green, context);
    }
    if (run.holdsClients()) {
      context.log().recordTraffic(run);
      HoldAnatomy.record(run, context);
    }
    return "every route leads to " + green.version() + " (" + green.container() + ")";
  }

  private static void switchRoutes(UpgradeRun run, Generation green, UpgradeContext context) {
    Backend backend = context.backend(green);
    Duration hold = context.limits().hold();
    Duration held = hold.minus(run.budget(hold));
    if (run.holdsClients() && context.dataSettings().freezesAll()) {
      // Cut the clients of blue: nothing that a frozen blue might still answer may reach them.
      run.drainResult = context.traffic().drain(Duration.ZERO);
    }
    // The durable line comes first: after a kill between the two, the next start leads to green.
    context.journal().switchTo(run.id(), green.number());
    run.switched = true;
    context.traffic().switchTo(backend);
    if (run.holdDeadline != null && run.blue != null) {
      String error = context.rehearsal().describeError(run, held);
      if (!error.isEmpty()) {
        context.log().receipt(run.id()).note(error);
      }
    }
    run.holdDeadline = null;
  }

  @Override
  public String undo(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    Generation blue = run.blue;
    if (blue == null || !run.holdsClients()) {
      return "";
    }
    context.traffic().hold(context.limits().hold().plus(UpgradeContext.GATE_SLACK));
    context.traffic().drain(context.limits().drain());
    String stopped = StartStep.stopServices(run, context);
    boolean greenServes =
        context.journal().serving().filter(now -> now.number() == run.green().number()).isPresent();
    if (greenServes) {
      context.journal().switchTo(run.id(), blue.number());
    }
    return stopped.isEmpty() ? "new connections wait" : "new connections wait; " + stopped;
  }
}
