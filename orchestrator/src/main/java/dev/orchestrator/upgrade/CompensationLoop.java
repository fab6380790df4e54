package dev.orchestrator.upgrade;

import dev.orchestrator.journal.JournalException;
import dev.orchestrator.journal.StepRecord;
import dev.orchestrator.journal.StepRecord.Phase;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;

/**
 * Undoes the steps of a run that began, backwards, each until it succeeds: with a pause that grows
 * to ten times its length, and never given up by itself. After the third failure the run is stuck,
 * and says so; a person may have it tried again at once, or left as it is.
 */
final class CompensationLoop {
  private static final int TRIES = 3;
  private static final int LONGEST = 10;

  private final UpgradeContext parts;
  private final RunLog log;
  private final Undo undo;

  CompensationLoop(UpgradeContext parts, RunLog log, Undo undo) {
    this.parts = parts;
    this.log = log;
    this.undo = undo;
  }

  /** Returns whether all of it was undone: not when a person said to leave it. */
  boolean all(UpgradeRun run) {
    run.reins.undoing();
    Set<Step> begun = begun(run);
    for (Step step : run.steps.reversed()) {
      if (begun.contains(step) && !one(run, step)) {
        return false;
      }
    }
    return true;
  }

  private boolean one(UpgradeRun run, Step step) {
    log.tryWrite(run, step, Phase.UNDO, "");
    for (int tried = 1; ; tried++) {
      try {
        String did = undo.run(step, run, line -> log.progress(run, step, line));
        run.reins.stuck(null);
        run.begun.remove(step);
        log.tryWrite(run, step, Phase.UNDONE, did);
        return true;
      } catch (RuntimeException | LinkageError e) {
        String why = FailureText.of(e);
        if (tried >= TRIES) {
          run.reins.stuck(new RunControl.Stuck(step, why));
        }
        if (tried == TRIES) {
          log.tryWrite(run, step, Phase.STUCK, why);
        } else {
          log.progress(run, step, "undoing failed, trying again: " + why);
        }
        run.reins.nap(pause(tried));
        if (run.reins.abandoned()) {
          return false;
        }
      }
    }
  }

  private Duration pause(int tried) {
    return parts.undoPause().multipliedBy(Math.min(LONGEST, 1L << Math.min(tried - 1, 4)));
  }

  /**
   * The steps that have a line in the journal, or began here, and whose undo has not ended well.
   */
  private Set<Step> begun(UpgradeRun run) {
    Set<Step> begun = EnumSet.noneOf(Step.class);
    begun.addAll(run.begun);
    try {
      for (StepRecord line : parts.journal().steps(run.id())) {
        if (line.phase() == Phase.INTENT) {
          begun.add(Step.of(line.step()));
        } else if (line.phase() == Phase.UNDONE) {
          begun.remove(Step.of(line.step()));
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
