package dev.orchestrator.upgrade;

import dev.orchestrator.journal.JournalException;
import dev.orchestrator.journal.StepRecord;
import dev.orchestrator.journal.StepRecord.Phase;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Undoes the steps of a run that began, backwards, each until it succeeds: with a pause that grows
 * to ten times its length, and never given up by itself. After the third failure the run is stuck,
 * and says so; a person may have it tried again at once, or left as it is.
 */
final class CompensationLoop {
  private static final int TRIES_BEFORE_STUCK = 3;
  private static final int LONGEST_PAUSE = 10;

  private final UpgradeContext context;
  private final RunLog log;

  CompensationLoop(UpgradeContext context) {
    this.context = context;
    this.log = context.log();
  }

  /** Returns whether everything was undone: not when a person said to leave it. */
  boolean undoAll(UpgradeRun run) {
    run.control.setUndoing();
    Set<String> begun = begun(run);
    for (Step step : run.steps.reversed()) {
      if (begun.contains(step.id()) && !undo(run, step)) {
        return false;
      }
    }
    return true;
  }

  private boolean undo(UpgradeRun run, Step step) {
    log.tryWrite(run, step, Phase.UNDO, "");
    for (int tried = 1; ; tried++) {
      try {
        String did =
            run.control.undo(() -> step.undo(run, context, line -> log.progress(run, step, line)));
        run.control.setStuck(null);
        run.begun.remove(step);
        log.tryWrite(run, step, Phase.UNDONE, did);
        return true;
      } catch (RuntimeException | LinkageError e) {
        String why = FailureText.of(e);
        if (tried >= TRIES_BEFORE_STUCK) {
          run.control.setStuck(new RunControl.Stuck(step, why));
        }
        if (tried == TRIES_BEFORE_STUCK) {
          log.tryWrite(run, step, Phase.STUCK, why);
        } else {
          log.progress(run, step, "undoing failed, trying again: " + why);
        }
        run.control.pause(pause(tried));
        if (run.control.takeAbandoned()) {
          return false;
        }
      }
    }
  }

  private Duration pause(int tried) {
    return context.undoPause().multipliedBy(Math.min(LONGEST_PAUSE, 1L << Math.min(tried - 1, 4)));
  }

  /** Names of the steps that have begun, by the journal or here, and were not undone yet. */
  private Set<String> begun(UpgradeRun run) {
    Set<String> begun =
        run.begun.stream().map(Step::id).collect(Collectors.toCollection(LinkedHashSet::new));
    try {
      List<StepRecord> lines = context.journal().steps(run.id());
      for (StepRecord line : lines) {
        if (line.phase() == Phase.INTENT) {
          begun.add(line.step());
        } else if (line.phase() == Phase.UNDONE) {
          begun.remove(line.step());
        }
      }
    } catch (JournalException e) {
      if (run.begun.isEmpty()) {
        throw e;
      }
    }
    return begun;
  }
}
