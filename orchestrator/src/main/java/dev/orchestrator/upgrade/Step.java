package dev.orchestrator.upgrade;

import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.health.HealthException;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A step of a run: what it does, what undoes it, what a restart of the service makes of a run that
 * was cut off in it, and what its failure means. One subclass and one file for each step, in {@code
 * upgrade.steps}; a new one does not compile until it has all of these.
 *
 * <p>Steps have no state: everything is in the run, in the journal, or on the engine. A step may be
 * run again after a restart, and undone although it did nothing yet, or undone twice: it looks at
 * what is there, by name and label.
 */
public abstract class Step {

  /** What the next start of the service does with a run that was cut off in a step. */
  public enum AfterRestart {
    /** Runs the step again from its beginning: what was done is found, no client waits. */
    GO_ON,
    /** Clients wait: they are given back to the version that served. */
    UNDO,
    /** With the switch in the journal the run goes on behind the step, else it is undone. */
    ASK_THE_JOURNAL
  }

  /** What becomes of a run whose step has failed. */
  public enum OnFailure {
    /** Nothing that anybody sees has changed: the run is undone, and ends as refused. */
    REFUSE,
    /** The run is undone, and ends as rolled back. */
    ROLL_BACK,
    /** The new version serves and is healthy: the failure is noted, and the run ends as done. */
    KEEP
  }

  private final String id;
  private final String description;
  private final String undoDescription;

  /**
   * Describes a step.
   *
   * @param id its name in the journal, in events and on the terminal, such as {@code pre-sync}: a
   *     journal keeps it, so that it never changes
   * @param description what it does, for a plan
   * @param undoDescription what undoes it, for a plan
   */
  protected Step(String id, String description, String undoDescription) {
    this.id = id;
    this.description = description;
    this.undoDescription = undoDescription;
  }

  public final String id() {
    return id;
  }

  public final String description() {
    return description;
  }

  public final String undoDescription() {
    return undoDescription;
  }

  public abstract AfterRestart afterRestart();

  public abstract OnFailure onFailure();

  /**
   * Looks, in the preflight, for a reason why this step would fail later.
   *
   * @return what was found, empty for nothing to say
   * @throws dev.orchestrator.common.RefusedException with the reason
   */
  public String check(UpgradeRun run, UpgradeContext context) {
    return "";
  }

  /**
   * Does it, on the run's thread.
   *
   * @param progress takes lines for a person meanwhile
   * @return one line on what was done, with figures
   */
  public abstract String run(UpgradeRun run, UpgradeContext context, Consumer<String> progress);

  /**
   * Undoes it; tried again until it succeeds.
   *
   * @return one line on what was undone, empty for nothing
   */
  public abstract String undo(UpgradeRun run, UpgradeContext context, Consumer<String> progress);

  /**
   * Whether a failure says something against the candidate: it goes to quarantine then, and is not
   * tried again by itself. An engine that was away says nothing.
   */
  public boolean isFaultOfCandidate(Throwable failure) {
    return failure instanceof HoldBudgetExceededException || isCapsuleFailure(failure);
  }

  /** Whether a capsule has failed, and the engine was there. */
  static boolean isCapsuleFailure(Throwable failure) {
    return failure instanceof HealthException
        || (failure instanceof CapsuleException capsule && !capsule.isOutage());
  }

  /** Whether clients wait from this step on, so that the run has a budget for it. */
  public boolean holdsClients() {
    return false;
  }

  /** Whether green's services run in it, so that its failure may come from the data they got. */
  public boolean runsCandidate() {
    return false;
  }

  /** Why the run can't be aborted in this step any more; empty where it can. */
  public Optional<String> abortRefusal() {
    return Optional.empty();
  }

  @Override
  public final String toString() {
    return id;
  }
}
