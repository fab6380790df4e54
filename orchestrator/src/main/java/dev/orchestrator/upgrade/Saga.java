package dev.orchestrator.upgrade;

import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.health.HealthException;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.JournalException;
import dev.orchestrator.journal.StepRecord.Phase;
import dev.orchestrator.journal.UpgradeRecord.Kind;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.stack.ServingSupervisor;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the steps of a run and, where one fails, undoes those that began, backwards. The only writer
 * of upgrade state. The journal has a line before each side effect (intent) and one after it
 * (done), each durable before the next action, so that a restart knows what may have happened.
 *
 * <p>After Garcia-Molina and Salem, "Sagas" (1987): a compensating action for each step.
 */
public final class Saga {
  private static final Logger logger = LoggerFactory.getLogger(Saga.class);

  private final UpgradeContext parts;
  private final RunLog log;
  private final Actions actions;
  private final CompensationLoop undoing;
  private final Notes notes;

  public Saga(
      UpgradeContext parts, ResourceNames names, EventHub events, ServingSupervisor keeper) {
    this.parts = parts;
    this.log = new RunLog(parts.journal(), events);
    this.notes = new Notes(parts.journal(), parts.traffic());
    this.actions = new Actions(parts, names, notes, keeper);
    this.undoing = new CompensationLoop(parts, log, new Undo(parts, names, notes, keeper));
  }

  /** Runs these steps of a run to its end, whatever happens. */
  public void execute(UpgradeRun run, List<Step> steps) {
    for (Step step : steps) {
      if (!passed(run, step)) {
        return;
      }
    }
    succeeded(run);
  }

  /** Undoes a run that was cut off, by a restart. */
  public void undoCutOff(UpgradeRun run, String why) {
    undo(run, why);
  }

  /** Runs one step; false when the run has ended with it. */
  private boolean passed(UpgradeRun run, Step step) {
    while (true) {
      try {
        log.write(run, step, Phase.INTENT, step.does());
        run.begun.add(step);
        String did =
            run.reins.act(
                step, () -> actions.run(step, run, line -> log.progress(run, step, line)));
        log.write(run, step, Phase.DONE, did);
        return true;
      } catch (JournalException e) {
        if (!run.switched) {
          failed(run, step, e);
          return false;
        }
        // Green serves, and going back needs the journal no less than going on.
        log.progress(run, step, FailureText.of(e));
        run.reins.nap(parts.undoPause());
      } catch (RuntimeException | LinkageError e) {
        // The latter: a class that can't be loaded, as the program's file was replaced meanwhile.
        boolean cutShort = run.hold != null && run.hold.passed() && isOfGreen(e);
        failed(run, step, cutShort ? new HoldBudgetExceededException(e) : e);
        return false;
      }
    }
  }

  private void succeeded(UpgradeRun run) {
    switch (run.record.kind()) {
      case ROLLBACK -> quarantine(run.blue(), "rolled back by hand, " + run.id());
      case UP, UPGRADE -> parts.journal().unquarantine(run.green().version());
    }
    parts.journal().setDown(false);
    end(run, Outcome.DONE, "");
  }

  private void failed(UpgradeRun run, Step step, Throwable e) {
    run.failed = step;
    String why = FailureText.of(e);
    log.tryWrite(run, step, Phase.FAILED, why);
    if (step == Step.RETAIN) {
      // Green serves and is healthy: leftovers are no reason to go back.
      note(run, "what is old could not be put away: " + why);
      end(run, Outcome.DONE, "");
    } else if (step == Step.PREFLIGHT || step == Step.BUILD) {
      boolean whole = undoing.all(run);
      end(run, whole ? Outcome.REFUSED : Outcome.NEEDS_ATTENTION, why);
    } else {
      Generation green = run.green;
      boolean itsOwnFault = isOfGreen(e) || e instanceof HoldBudgetExceededException;
      if (green != null && itsOwnFault && run.record.kind() != Kind.ROLLBACK) {
        quarantine(green, step.id() + ": " + why);
      }
      undo(run, e instanceof RunControl.Aborted ? why : step.id() + ": " + why);
    }
  }

  /** Whether it says something of a capsule: not where the engine was away. */
  private static boolean isOfGreen(Throwable e) {
    return e instanceof HealthException
        || (e instanceof CapsuleException capsule && !capsule.isOutage());
  }

  private void undo(UpgradeRun run, String why) {
    run.hold = null;
    boolean held = run.begun.contains(Step.HOLD);
    boolean whole = undoing.all(run);
    if (held) {
      try {
        notes.traffic(run.id(), run.drained);
      } catch (JournalException e) {
        logger.error("{}", e.getMessage());
      }
    }
    if (whole && run.unwell.isEmpty()) {
      end(run, Outcome.ROLLED_BACK, why);
    } else {
      String left = whole ? run.unwell : "left as it is by hand";
      end(run, Outcome.NEEDS_ATTENTION, why + "; " + left);
    }
  }

  private void quarantine(Generation generation, String why) {
    try {
      parts.journal().quarantine(generation.version(), generation.content(), why);
    } catch (JournalException e) {
      logger.error("{}", e.getMessage());
    }
  }

  private void note(UpgradeRun run, String line) {
    try {
      notes.note(run.id(), line);
    } catch (JournalException e) {
      logger.error("{}", e.getMessage());
    }
  }

  /**
   * Nothing else may run before the journal has its end: waits for a journal that can't be written.
   */
  private void end(UpgradeRun run, Outcome outcome, String why) {
    do {
      try {
        log.end(run, outcome, why);
        return;
      } catch (JournalException e) {
        logger.error("{}", e.getMessage());
        run.reins.stuck(new RunControl.Stuck(Step.RETAIN, FailureText.of(e)));
        run.reins.nap(parts.undoPause().multipliedBy(5));
      }
    } while (!run.reins.abandoned());
  }
}
