package dev.orchestrator.upgrade;

import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.engine.RemoteEngine;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.Generation.State;
import dev.orchestrator.journal.GenerationRecord;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What moves have sent to other engines, and how it is removed there: by the undo of the move, or
 * later, where that host did not answer the undo. Thread-safe.
 */
public final class SentCandidates {
  private static final Logger log = LoggerFactory.getLogger(SentCandidates.class);

  /** Key in the journal, with the run: the base image, where the other engine had it before. */
  private static final String HAD_KEY = "destination-had";

  private final UpgradeContext context;

  /** The last failure, so that it is logged once. */
  private volatile String lastFailure = "";

  SentCandidates(UpgradeContext context) {
    this.context = context;
  }

  /** Notes that the other engine has had the base image before, so that it stays there. */
  public void noteBaseWasThere(String run, String base) {
    if (context.journal().attachment(run, HAD_KEY).isEmpty()) {
      context.journal().attach(run, HAD_KEY, base);
    }
  }

  /** Name of the volume on the other engine in which the space there is measured. */
  public static String measured(Generation candidate) {
    return candidate.container() + "-look";
  }

  /**
   * Removes a candidate on another engine with everything that its run has sent.
   *
   * @throws EngineException when that engine does not answer
   */
  public void remove(String run, Generation candidate) {
    RemoteEngine where = candidate.elsewhere();
    if (where == null) {
      throw new IllegalStateException(candidate.container() + " is on no other engine");
    }
    Engine there = context.others().at(where);
    there.removeVolume(measured(candidate));
    // Where that host did not answer the undo of the copy, its helper still keeps the volumes.
    context.transfer().removeHelpers(run);
    boolean mayRemoveBase =
        context.journal().attachment(run, HAD_KEY).isEmpty() && !isOtherThere(candidate, where);
    context.retention().remove(candidate);
    if (mayRemoveBase) {
      there.removeImage(context.builder().base(line -> {}));
    }
  }

  /** Whether that engine has another capsule of this stack, whose helpers need the base image. */
  private boolean isOtherThere(Generation candidate, RemoteEngine where) {
    return context.journal().presentElsewhere().stream()
        .anyMatch(other ->
            other.number() != candidate.number()
                && other.elsewhere() != null
                && other.elsewhere().id().equals(where.id()));
  }

  /** Candidates of runs that have ended, which are still on another engine. */
  public List<Generation> leftBehind() {
    return context.journal().presentElsewhere().stream()
        .filter(candidate -> runOf(candidate).isPresent())
        // After the run's end, when its candidate is one for good.
        .filter(candidate -> isCandidate(candidate.number()))
        .toList();
  }

  private boolean isCandidate(int number) {
    return context.journal().generations().stream()
        .filter(row -> row.generation().number() == number)
        .map(GenerationRecord::state)
        .anyMatch(state -> state == State.CANDIDATE);
  }

  /** The run that has made a generation, if it has ended and was not left as it is by hand. */
  private Optional<UpgradeRecord> runOf(Generation candidate) {
    return context.journal().history().stream()
        .filter(run -> Objects.equals(run.to(), candidate.number()))
        .filter(run -> run.outcome() != Outcome.RUNNING)
        .filter(run -> run.outcome() != Outcome.NEEDS_ATTENTION)
        .findFirst();
  }

  /**
   * Removes what is left behind on engines that answer by now. Waits for those that don't: not to
   * be called on a thread that has something else to do.
   */
  public void removeLeftBehind() {
    for (Generation candidate : leftBehind()) {
      try {
        remove(runOf(candidate).orElseThrow().id(), candidate);
        log.info("{}, left on another host, is removed", candidate.container());
        lastFailure = "";
      } catch (EngineException e) {
        String failure = candidate.container() + " is left on another host: " + FailureText.of(e);
        if (!failure.equals(lastFailure)) {
          log.warn("{}", failure);
          lastFailure = failure;
        }
      }
    }
  }
}
