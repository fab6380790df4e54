package dev.orchestrator.upgrade;

import dev.orchestrator.engine.EngineException;
import dev.orchestrator.engine.EngineInfo;
import dev.orchestrator.journal.JournalException;
import dev.orchestrator.journal.StepRecord;
import dev.orchestrator.journal.StepRecord.Phase;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Undoes the steps of a run that have begun, in reverse order, and repeats each undo until it
 * succeeds, with pauses that grow to ten times the first. It never gives up by itself. After the
 * third failure the run counts as stuck and asks for attention; a person may have the undo repeated
 * at once, or leave it as it is.
 */
final class CompensationLoop {
  private static final int TRIES_BEFORE_STUCK = 3;
  private static final int MAX_PAUSE_FACTOR = 10;

  private final UpgradeContext context;
  private final RunLog log;

  CompensationLoop(UpgradeContext context) {
    this.context = context;
    this.log = context.log();
  }

  /** Undoes all steps that have begun; false when a person has asked to leave a stuck undo. */
  boolean undoAll(UpgradeRun run) {
    run.control.setUndoing();
    Set<String> begun = begunSteps(run);
    for (Step step : run.steps.reversed()) {
      if (begun.contains(step.id()) && !undo(run, step)) {
        return false;
      }
    }
    return true;
  }

  /** Whether the step that holds clients is still to be undone. */
  private static boolean clientsWait(UpgradeRun run) {
    return run.begunSteps.stream().anyMatch(Step::holdsClients);
  }

  private void leave(UpgradeRun run, Step step) {
    if (!run.otherHostIsAway) {
      context
          .log()
          .receipt(run.id())
          .note(
              "the other host does not answer: what was made there is left, to be removed when it"
                  + " does");
    }
    run.otherHostIsAway = true;
    run.begunSteps.remove(step);
    log.tryWrite(run, step, Phase.UNDONE, "left on the other host, which does not answer");
  }

  /**
   * Whether a step's undo waits for another host that does not answer, and need not be done now.
   */
  private boolean isLeft(UpgradeRun run, Step step, Throwable failure) {
    if (!run.moves() || !step.undoesCandidateAlone() || context.hasServed(run)) {
      return false;
    }
    for (Throwable t = failure; t != null; t = t.getCause()) {
      if (t instanceof EngineException e
          && (e.kind() == EngineException.Kind.UNREACHABLE
              || e.kind() == EngineException.Kind.TIMEOUT)) {
        return ownEngineAnswers();
      }
    }
    return false;
  }

  /** Where it does not, nothing tells that the other host is away: the undo is tried again. */
  private boolean ownEngineAnswers() {
    try {
      EngineInfo _ = context.engine().info();
      return true;
    } catch (EngineException e) {
      return false;
    }
  }

  private boolean undo(UpgradeRun run, Step step) {
    log.tryWrite(run, step, Phase.UNDO, "");
    if (run.otherHostIsAway && step.undoesCandidateAlone() && clientsWait(run)) {
      leave(run, step); // One wait for an answer is enough.
      return true;
    }
    for (int attempt = 1; ; attempt++) {
      try {
        String result =
            run.control.runUndo(
                () -> step.undo(run, context, line -> log.progress(run, step, line)));
        run.control.setStuck(null);
        run.begunSteps.remove(step);
        log.tryWrite(run, step, Phase.UNDONE, result);
        return true;
      } catch (RuntimeException | LinkageError e) {
        String why = FailureText.of(e);
        if (isLeft(run, step, e)) {
          leave(run, step);
          return true;
        }
        if (attempt >= TRIES_BEFORE_STUCK) {
          run.control.setStuck(new RunControl.Stuck(step, why));
        }
        if (attempt == TRIES_BEFORE_STUCK) {
          log.tryWrite(run, step, Phase.STUCK, why);
        } else {
          log.progress(run, step, "undoing failed, trying again: " + why);
        }
        run.betweenUndoTries.run();
        run.control.pause(pauseAfter(attempt));
        if (run.control.takeAbandoned()) {
          return false;
        }
      }
    }
  }

  private Duration pauseAfter(int attempt) {
    return context
        .undoPause()
        .multipliedBy(Math.min(MAX_PAUSE_FACTOR, 1L << Math.min(attempt - 1, 4)));
  }

  /** Ids of the steps that have begun and are not undone, from the journal and from memory. */
  private Set<String> begunSteps(UpgradeRun run) {
    Set<String> begun =
        run.begunSteps.stream().map(Step::id).collect(Collectors.toCollection(LinkedHashSet::new));
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
      if (run.begunSteps.isEmpty()) {
        throw e;
      }
    }
    return begun;
  }
}
