package dev.orchestrator.upgrade.steps;

import dev.orchestrator.common.HumanText;
import dev.orchestrator.health.HealthException;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.upgrade.Step;
import dev.orchestrator.upgrade.UpgradeContext;
import dev.orchestrator.upgrade.UpgradeRun;
import java.time.Duration;
import java.util.function.Consumer;

/** Gives the clients back to blue: thaws or starts it, and releases what waits. */
final class ReleaseStep extends Step {
  ReleaseStep() {
    super("release", "thaws or starts blue and releases what waits to it", "nothing to undo");
  }

  /** Undoes, because clients may still wait: the undo of the hold releases them. */
  @Override
  public AfterRestart afterRestart() {
    return AfterRestart.UNDO;
  }

  @Override
  public OnFailure onFailure() {
    return OnFailure.ROLL_BACK;
  }

  @Override
  public String run(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    Generation blue = run.blue();
    String how = context.blueRestorer().restore(run, progress);
    context.traffic().open(UpgradeContext.GATE_SLACK);
    context.traffic().switchTo(context.backend(blue));
    run.holdDeadline = null;
    run.pauseMillis = Duration.ofNanos(System.nanoTime() - run.heldAtNanos).toMillis();
    run.released = true;
    context.log().recordTraffic(run);
    // What is left to do leaves blue alone.
    context.servingLock().release();
    if (!run.remainingProblem().isEmpty()) {
      throw new HealthException(run.remainingProblem());
    }
    return "%s; clients waited %s at most".formatted(how, HumanText.time(run.pauseMillis));
  }

  /** Undoes nothing: the undo of the steps before gives the clients back, too. */
  @Override
  public String undo(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    return "";
  }
}
