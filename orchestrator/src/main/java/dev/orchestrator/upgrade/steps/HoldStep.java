package dev.orchestrator.upgrade.steps;

import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.common.Deadline;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.upgrade.HoldBudgetExceededException;
import dev.orchestrator.upgrade.Step;
import dev.orchestrator.upgrade.UpgradeContext;
import dev.orchestrator.upgrade.UpgradeRun;
import java.time.Duration;
import java.util.Locale;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes new connections wait, and drains the open connections. */
final class HoldStep extends Step {
  private static final Logger log = LoggerFactory.getLogger(HoldStep.class);

  /** A disk that others write to as fast as they can takes its time. */
  private static final Duration FLUSH_LIMIT = Duration.ofSeconds(60);

  HoldStep() {
    super(
        "hold",
        "new connections wait; existing ones may end by themselves",
        "they are released to blue");
  }

  /** Undoes, because clients wait: releasing them to blue is the only safe way. */
  @Override
  public AfterRestart afterRestart() {
    return AfterRestart.UNDO;
  }

  @Override
  public OnFailure onFailure() {
    return OnFailure.ROLL_BACK;
  }

  /** Touches the routes and blue only, so that a failure does not speak against the candidate. */
  @Override
  public boolean isFaultOfCandidate(Throwable failure) {
    return failure instanceof HoldBudgetExceededException;
  }

  @Override
  public boolean holdsClients() {
    return true;
  }

  @Override
  public String run(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    if (!context.servingLock().acquire()) {
      throw new RefusedException(
          run.blue().version() + " is being started again: try again when it serves");
    }
    context.ownerClaim().acquire(run.blue());
    stopHealing(run, context);
    flush(run, context);
    context.invariants().askBefore(run);
    Duration budget = context.limits().hold();
    run.heldAt = context.clock().instant();
    run.heldAtNanos = System.nanoTime();
    run.holdDeadline = Deadline.in(budget);
    context.traffic().hold(budget.plus(UpgradeContext.GATE_SLACK));
    if (context.dataSettings(run).freezesAll()) {
      return run.makesSnapshot()
          ? "new connections wait; those that are open stay so"
          : "new connections wait; those that are open stay so until the switch";
    }
    run.drainResult = context.traffic().drain(run.budget(context.limits().drain()));
    return String.format(
        Locale.ROOT,
        "new connections wait; of those that were open %,d ended by themselves, %,d were closed",
        run.drainResult.ended(),
        run.drainResult.cut());
  }

  /** Keeps blue from restarting services in the hold; a stop of its services does so anyway. */
  private static void stopHealing(UpgradeRun run, UpgradeContext context) {
    try {
      context.capsule(run.blue()).heal(0, context.briefTimeout());
    } catch (CapsuleException e) {
      if (e.isOutage()) {
        throw e;
      }
      // A capsule that was built before this existed restarts nothing.
      return;
    }
  }

  /**
   * Writes blue's data to the disk while clients are still served. Only an attempt: what it leaves
   * is flushed in the hold. A freeze of the whole capsule flushes nothing.
   */
  private static void flush(UpgradeRun run, UpgradeContext context) {
    if (context.dataSettings(run).freezesAll()) {
      return;
    }
    try {
      context.capsule(run.blue()).flush(FLUSH_LIMIT);
    } catch (CapsuleException e) {
      if (e.isOutage()) {
        throw e;
      }
      log.info(
          "the data of {} could not be flushed early: {}", run.blue().container(), e.getMessage());
    }
  }

  @Override
  public String undo(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    Generation blue = run.blue();
    if (run.released) {
      return "";
    }
    if (!context.starter().isRunning(blue)) {
      // A reboot cut the run off before it stopped blue, and ended blue too.
      String _ = context.blueRestorer().restore(run, progress);
    }
    context.traffic().open(UpgradeContext.GATE_SLACK);
    context.traffic().switchTo(context.backend(blue));
    // What is still to be undone leaves blue alone, and may be stuck: blue is supervised meanwhile.
    context.servingLock().release();
    return "waiting connections were released to " + blue.version();
  }
}
