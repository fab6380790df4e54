package dev.orchestrator.upgrade.steps;

import dev.orchestrator.adopt.Original;
import dev.orchestrator.common.Deadline;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.upgrade.HoldBudgetExceededException;
import dev.orchestrator.upgrade.Step;
import dev.orchestrator.upgrade.UpgradeContext;
import dev.orchestrator.upgrade.UpgradeRun;
import java.time.Duration;
import java.util.function.Consumer;

/**
 * Makes new connections to the ports of a compose project wait, although those ports belong to the
 * project's containers, or are about to: the packet filter sends them to other ports of this
 * process. Open connections go on until the project's services close them.
 */
final class InterceptStep extends Step {
  InterceptStep() {
    super(
        "intercept",
        "redirects new connections to the project's ports, and makes them wait",
        "they go to what served before");
  }

  /**
   * Undoes, because clients wait; and the ports that they are sent to have ended with the process.
   */
  @Override
  public AfterRestart afterRestart() {
    return AfterRestart.UNDO;
  }

  @Override
  public OnFailure onFailure() {
    return OnFailure.ROLL_BACK;
  }

  /** Touches the ports only. */
  @Override
  public boolean isFaultOfCandidate(Throwable failure) {
    return failure instanceof HoldBudgetExceededException;
  }

  @Override
  public boolean holdsClients() {
    return true;
  }

  @Override
  public String check(UpgradeRun run, UpgradeContext context) {
    return context.ports().check(run);
  }

  @Override
  public String run(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    Duration budget = context.limits().hold();
    if (run.adopts()) {
      if (!context.servingLock().acquire()) {
        throw new RefusedException("the stack is being started: try again");
      }
      run.holdDeadline = Deadline.in(budget);
    }
    int ports = context.ports().intercept(run);
    if (context.traffic().mayHaveClients()) {
      context.traffic().hold(budget.plus(UpgradeContext.GATE_SLACK));
    }
    return ports == 0
        ? "new connections are not redirected"
        : "new connections to " + (ports == 1 ? "1 port" : ports + " ports") + " wait";
  }

  @Override
  public String undo(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    if (!run.adopts()) {
      context.ports().release(run);
      return "new connections are not redirected any more";
    }
    Original original = run.original();
    // A reboot may have cut the run off before it stopped anything, and ended the project too.
    String problem = context.originals().start(original, context.limits().ready(), progress);
    if (!problem.isEmpty()) {
      run.leaveProblem("project %s runs again: %s".formatted(original.project(), problem));
    }
    if (context.traffic().mayHaveClients()) {
      context.traffic().switchTo(context.originals().backend(original));
    }
    context.ports().release(run);
    context.servingLock().release();
    return "connections go to project " + original.project();
  }
}
