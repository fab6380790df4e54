package dev.orchestrator.upgrade;

import dev.orchestrator.Refusal;
import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.data.DataException;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.health.HealthException;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.StepRecord;
import dev.orchestrator.journal.StepRecord.Phase;
import dev.orchestrator.journal.UpgradeRecord.Kind;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the steps of a run and, where one fails, undoes those that began, backwards. The only writer
 * of upgrade state. The journal has a line before each side effect (intent) and one after it
 * (done), each durable before the next action, so that a restart knows what may have happened.
 *
 * <p>After Garcia-Molina and Salem, "Sagas" (1987): a compensating action for each step.
 */
final class Saga {
  private static final Logger log = LoggerFactory.getLogger(Saga.class);
  private static final int UNDO_TRIES = 3;
  private static final Duration UNDO_PAUSE = Duration.ofSeconds(1);

  /** Failures whose message says all that a person needs. */
  private static final List<Class<? extends RuntimeException>> FORESEEN =
      List.of(
          Refusal.class,
          EngineException.class,
          CapsuleException.class,
          DataException.class,
          HealthException.class,
          HoldBudgetExceeded.class);

  private final Parts parts;
  private final EventHub events;
  private final Actions actions;
  private final Undo undo;
  private final Notes notes;

  Saga(Parts parts, Names names, EventHub events) {
    this.parts = parts;
    this.events = events;
    this.notes = new Notes(parts.journal(), parts.traffic());
    this.actions = new Actions(parts, names, notes);
    this.undo = new Undo(parts);
  }

  /** The word for a phase in events. */
  static String phase(Phase phase) {
    return phase.name().toLowerCase(Locale.ROOT);
  }

  /** The word for an outcome in events and on the terminal. */
  static String outcome(Outcome outcome) {
    return outcome.name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  /** Runs these steps of a run to its end, whatever happens. */
  void execute(Run run, List<Step> steps) {
    for (Step step : steps) {
      try {
        write(run, step, Phase.INTENT, step.does());
        String did = actions.run(step, run, line -> progress(run, step, line));
        write(run, step, Phase.DONE, did);
      } catch (RuntimeException e) {
        String why = words(e);
        write(run, step, Phase.FAILED, why);
        if (step == Step.RETAIN) {
          // Green serves and is healthy: leftovers are no reason to go back.
          notes.note(run.id(), "what is old could not be put away: " + why);
          end(run, Outcome.DONE, "");
        } else {
          failed(run, step, e, why);
        }
        return;
      }
    }
    succeeded(run);
  }

  /** Undoes a run that was cut off, by a restart. */
  void undoCutOff(Run run, String why) {
    undo(run, why);
  }

  private void succeeded(Run run) {
    switch (run.record.kind()) {
      case ROLLBACK ->
          parts
              .journal()
              .quarantine(
                  run.blue().version(), run.blue().content(), "rolled back by hand, " + run.id());
      case UP, UPGRADE -> parts.journal().unquarantine(run.green().version());
    }
    parts.journal().setDown(false);
    end(run, Outcome.DONE, "");
  }

  private void failed(Run run, Step step, RuntimeException e, String why) {
    if (step == Step.PREFLIGHT || step == Step.BUILD) {
      undoSteps(run);
      end(run, Outcome.REFUSED, why);
      return;
    }
    Generation green = run.green;
    boolean itsOwnFault =
        e instanceof HealthException
            || e instanceof CapsuleException
            || e instanceof HoldBudgetExceeded;
    if (green != null && itsOwnFault && run.record.kind() != Kind.ROLLBACK) {
      parts.journal().quarantine(green.version(), green.content(), step.id() + ": " + why);
    }
    undo(run, step.id() + ": " + why);
  }

  private void undo(Run run, String why) {
    run.hold = null;
    Set<Step> begun = began(run);
    boolean whole = undoSteps(run);
    if (begun.contains(Step.HOLD)) {
      notes.traffic(run.id(), run.drained);
    }
    end(run, whole ? Outcome.ROLLED_BACK : Outcome.NEEDS_ATTENTION, why);
  }

  private boolean undoSteps(Run run) {
    boolean whole = true;
    Set<Step> begun = began(run);
    for (Step step : run.steps.reversed()) {
      if (begun.contains(step)) {
        whole &= undoStep(run, step);
      }
    }
    return whole;
  }

  private boolean undoStep(Run run, Step step) {
    for (int tried = 1; ; tried++) {
      try {
        write(run, step, Phase.UNDO, "");
        write(run, step, Phase.UNDONE, undo.run(step, run, line -> progress(run, step, line)));
        return true;
      } catch (RuntimeException e) {
        String why = words(e);
        if (tried == UNDO_TRIES) {
          write(run, step, Phase.STUCK, why);
          return false;
        }
        progress(run, step, "undoing failed, trying again: " + why);
        LockSupport.parkNanos(UNDO_PAUSE.multipliedBy(tried).toNanos());
      }
    }
  }

  /** The steps that have a line in the journal and whose undo has not ended well. */
  private Set<Step> began(Run run) {
    Set<Step> begun = new HashSet<>();
    for (StepRecord line : parts.journal().steps(run.id())) {
      if (line.phase() == Phase.INTENT) {
        begun.add(Step.of(line.step()));
      } else if (line.phase() == Phase.UNDONE) {
        begun.remove(Step.of(line.step()));
      }
    }
    return begun;
  }

  private void end(Run run, Outcome outcome, String why) {
    parts.journal().end(run.id(), outcome, why);
    log.info(
        "{} {} -> {}: {} {}", run.id(), run.record.kind(), run.record.toVersion(), outcome, why);
    events.publish(run.id(), outcome(outcome), "end", why);
  }

  private void write(Run run, Step step, Phase phase, String detail) {
    parts.journal().append(run.id(), step.id(), phase, detail);
    log.info("{} {} {} {}", run.id(), step.id(), phase, detail);
    events.publish(run.id(), step.id(), phase(phase), detail);
  }

  private void progress(Run run, Step step, String line) {
    events.publish(run.id(), step.id(), "progress", line);
  }

  /** One line for a person; what was not foreseen goes to the log whole. */
  private static String words(RuntimeException e) {
    if (FORESEEN.stream().noneMatch(type -> type.isInstance(e))) {
      log.error("unforeseen", e);
      return "unforeseen: " + e;
    }
    return String.valueOf(e.getMessage()).strip().replaceAll("\\s*\\R\\s*", " | ");
  }
}
