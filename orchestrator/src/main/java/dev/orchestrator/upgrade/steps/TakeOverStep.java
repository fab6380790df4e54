package dev.orchestrator.upgrade.steps;

import dev.orchestrator.adopt.Original;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.proxy.config.Backend;
import dev.orchestrator.upgrade.Step;
import dev.orchestrator.upgrade.UpgradeContext;
import dev.orchestrator.upgrade.UpgradeRun;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;

/**
 * Leads every route to green in place of the project that is adopted: the project's restart
 * policies are off, then one durable line in the journal, then one reference in the proxy.
 */
final class TakeOverStep extends Step {
  TakeOverStep() {
    super(
        "take-over",
        "leads every route to green and releases what waits; the project stays stopped",
        "new connections wait, and the project's ports are left");
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
    Original original = run.original();
    if (!run.switched || !context.traffic().isOpenTo(green.container())) {
      List<String> running = context.originals().running(original);
      if (!running.isEmpty() && !run.switched) {
        throw new RefusedException(
            "project %s was started again meanwhile (%s), and may have written"
                .formatted(original.project(), String.join(", ", running)));
      }
      context.originals().keepStopped(original);
      Backend backend = context.backend(green);
      Duration _ = run.budget(context.limits().hold());
      // The durable line comes first: after a kill between the two, the next start leads to green.
      context.journal().switchTo(run.id(), green.number());
      run.switched = true;
      context.traffic().switchTo(backend);
      run.holdDeadline = null;
    }
    context.ports().tryRelease(run);
    context.log().recordTraffic(run);
    return "every route leads to " + green.version() + " (" + green.container() + ")";
  }

  /**
   * What was written since is set aside with green, which is told: the project's data is as of the
   * switch.
   */
  @Override
  public String undo(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    if (!context.hasServed(run)) {
      return "";
    }
    context.leftBehind().tellOfStack(run);
    int _ = context.ports().intercept(run);
    if (context.traffic().mayHaveClients()) {
      context.traffic().hold(context.limits().hold().plus(UpgradeContext.GATE_SLACK));
      context.traffic().drain(context.limits().drain());
    }
    String stopped = StartStep.stopServices(run, context);
    boolean greenServes =
        context.journal().serving().filter(now -> now.number() == run.green().number()).isPresent();
    if (greenServes) {
      context.journal().switchToOriginal(run.id());
    }
    return stopped.isEmpty() ? "new connections wait" : "new connections wait; " + stopped;
  }
}
