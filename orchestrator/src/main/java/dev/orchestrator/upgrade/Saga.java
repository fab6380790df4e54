package dev.orchestrator.upgrade;

import dev.orchestrator.data.DataException;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.JournalException;
import dev.orchestrator.journal.SnapshotRecord;
import dev.orchestrator.journal.StepRecord.Phase;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import java.util.List;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the steps of a run and, when a step fails, undoes the steps that have begun, in reverse
 * order. The only writer of upgrade state. The journal gets a line before each step (intent) and
 * one after it (done), each durable before the next action, so that a restart knows what may have
 * happened. Blocks; one run at a time, on the run's thread.
 *
 * <p>After Garcia-Molina and Salem, "Sagas" (1987): a compensating action for each step.
 */
public final class Saga {
  private static final Logger logger = LoggerFactory.getLogger(Saga.class);

  private final UpgradeContext context;
  private final RunLog log;
  private final CompensationLoop compensation;

  public Saga(UpgradeContext context) {
    this.context = context;
    this.log = context.log();
    this.compensation = new CompensationLoop(context);
  }

  /** Runs the steps; returns when the run has ended, with success or not. */
  public void execute(UpgradeRun run, List<Step> steps) {
    for (Step step : steps) {
      if (!runStep(run, step)) {
        return;
      }
    }
    succeed(run);
  }

  /** Undoes a run that the end of an earlier process has cut off. */
  public void undoCutOff(UpgradeRun run, String why) {
    undo(run, why);
  }

  /** Runs one step; false when the step has failed and the run has ended. */
  private boolean runStep(UpgradeRun run, Step step) {
    while (true) {
      try {
        log.write(run, step, Phase.INTENT, step.description());
        run.begunSteps.add(step);
        String result =
            run.control.runAction(
                step, () -> step.run(run, context, line -> log.progress(run, step, line)));
        log.write(run, step, Phase.DONE, result);
        return true;
      } catch (JournalException e) {
        if (!run.switched) {
          fail(run, step, e);
          return false;
        }
        // Green serves, and an undo would need the journal as much as the next step does: wait for
        // it.
        log.progress(run, step, FailureText.of(e));
        run.control.pause(context.undoPause());
      } catch (RuntimeException | LinkageError e) {
        // A LinkageError: the program's file was replaced, so that a class can't be loaded.
        boolean budgetRanOut =
            run.holdDeadline != null
                && run.holdDeadline.passed()
                && (Step.isCapsuleFailure(e) || e instanceof DataException);
        fail(run, step, budgetRanOut ? new HoldBudgetExceededException(e) : e);
        return false;
      }
    }
  }

  private void succeed(UpgradeRun run) {
    end(run, () -> log.succeed(run));
  }

  private void fail(UpgradeRun run, Step step, Throwable failure) {
    run.failedStep = step;
    String why = FailureText.of(failure);
    log.tryWrite(run, step, Phase.FAILED, why);
    switch (step.onFailure()) {
      case KEEP -> {
        note(run, "%s failed, and %s serves: %s".formatted(step.id(), nowServing(run), why));
        succeed(run);
      }
      case CLEAN_UP -> {
        if (compensation.undoAll(run)) {
          succeed(run);
        } else {
          end(run, Outcome.NEEDS_ATTENTION, why + "; left as it is by hand");
        }
      }
      case REFUSE -> {
        boolean undone = compensation.undoAll(run);
        end(run, undone ? Outcome.REFUSED : Outcome.NEEDS_ATTENTION, why);
      }
      case ROLL_BACK -> {
        Generation green = run.green;
        if (green != null && step.isFaultOfCandidate(failure) && triesVersion(run)) {
          quarantine(green, step.id() + ": " + why);
        }
        String full = "";
        if (run.provesSnapshot() && step.isFaultOfCandidate(failure)) {
          full = FullDisk.describe(context, "snapshot", "free some, and prove again");
          if (full.isEmpty()) {
            recordFailedProof(run, step.id() + ": " + why);
          }
        }
        undo(
            run,
            full + (failure instanceof RunControl.AbortedException ? why : step.id() + ": " + why));
      }
    }
  }

  /**
   * Whether the run is to find out that a version is good; what serves or has served was found so.
   */
  private static boolean triesVersion(UpgradeRun run) {
    return switch (run.record.kind()) {
      case UP, UPGRADE, ADOPT -> true;
      // A rehearsal says itself whether its version is bad.
      case MOVE, ROLLBACK, SNAPSHOT, RESTORE, PROVE, REHEARSE -> false;
    };
  }

  private static String nowServing(UpgradeRun run) {
    if (run.record.returnsToOriginal()) {
      return "project " + run.original().project();
    }
    if (run.provesSnapshot()) {
      return "what served before";
    }
    return run.makesSnapshot() ? run.blue().version() : "the new version";
  }

  private void undo(UpgradeRun run, String why) {
    run.holdDeadline = null;
    boolean hadHeld = run.hasBegunHold();
    boolean undone = compensation.undoAll(run);
    if (hadHeld) {
      try {
        log.recordTraffic(run);
      } catch (JournalException e) {
        logger.error("{}", e.getMessage());
      }
    }
    String reason = why + leftBehind(run);
    if (undone && run.remainingProblem.isEmpty()) {
      end(run, Outcome.ROLLED_BACK, reason);
    } else {
      String problem = undone ? run.remainingProblem : "left as it is by hand";
      end(run, Outcome.NEEDS_ATTENTION, reason + "; " + problem);
    }
  }

  private String leftBehind(UpgradeRun run) {
    try {
      return context.leftBehind().of(run.id()).stream()
          .map(line -> "; " + line)
          .collect(Collectors.joining());
    } catch (JournalException e) {
      logger.error("{}", e.getMessage());
      return "";
    }
  }

  private void quarantine(Generation generation, String why) {
    try {
      context.journal().quarantine(generation.version(), generation.content(), why);
    } catch (JournalException e) {
      logger.error("{}", e.getMessage());
    }
  }

  private void recordFailedProof(UpgradeRun run, String why) {
    try {
      context
          .journal()
          .recordProof(
              run.previous().number(),
              new SnapshotRecord.Proof(run.id(), context.clock().instant(), false, why));
    } catch (JournalException e) {
      logger.error("{}", e.getMessage());
    }
  }

  private void note(UpgradeRun run, String line) {
    try {
      log.receipt(run.id()).note(line);
    } catch (JournalException e) {
      logger.error("{}", e.getMessage());
    }
  }

  private void end(UpgradeRun run, Outcome outcome, String why) {
    end(run, () -> log.end(run, outcome, why));
  }

  /**
   * Writes the end of the run. Waits for a journal that can't be written, because no other run may
   * begin before the journal has this end.
   */
  private void end(UpgradeRun run, Runnable write) {
    do {
      try {
        write.run();
        return;
      } catch (JournalException e) {
        logger.error("{}", e.getMessage());
        run.control.setStuck(new RunControl.Stuck(run.steps.getLast(), FailureText.of(e)));
        run.control.pause(context.undoPause().multipliedBy(5));
      }
    } while (!run.control.takeAbandoned());
  }
}
