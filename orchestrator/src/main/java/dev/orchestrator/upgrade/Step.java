package dev.orchestrator.upgrade;

import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.health.HealthException;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A step of a run: how to run it and how to undo it, what a restart of the service does with a run
 * that was cut off in it, and what its failure means. Each step is one subclass and one file in
 * {@code upgrade.steps}; a new step does not compile until it defines all of these.
 *
 * <p>Steps are stateless: all state is in the run, in the journal, or on the engine. A step may be
 * run again after a restart, undone before it has done anything, and undone twice; therefore it
 * looks up containers and volumes by name and label before it acts. All methods are called on the
 * run's thread.
 */
public abstract class Step {

  /** What the next start of the service does with a run that was cut off in a step. */
  public enum AfterRestart {
    /** Runs the step again from its beginning: it finds what was done, and no client waits. */
    GO_ON,
    /** Undoes the run, because clients wait: they are released to the version that served. */
    UNDO,
    /** Goes on after the step when the journal has the switch; otherwise undoes the run. */
    ASK_THE_JOURNAL
  }

  /** What the saga does with a run whose step has failed. */
  public enum OnFailure {
    /** Nothing that clients see has changed: the run is undone and ends as refused. */
    REFUSE,
    /** The run is undone and ends as rolled back. */
    ROLL_BACK,
    /**
     * The new version serves and is healthy: the failure becomes a note and the run ends as done.
     */
    KEEP,
    /**
     * The result of the run stands, and what the run has made must not stay: it is undone, and the
     * run ends as done.
     */
    CLEAN_UP
  }

  private final String id;
  private final String description;
  private final String undoDescription;

  /**
   * Describes a step.
   *
   * @param id name in the journal, in events and on the terminal, such as {@code pre-sync}; never
   *     changes, because old journals contain it
   * @param description what the step does, for a plan
   * @param undoDescription how the step is undone, for a plan
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
   * Looks in the preflight for a reason for which this step would fail later.
   *
   * @return a line for the receipt, or empty
   * @throws dev.orchestrator.common.RefusedException with the reason
   */
  public String check(UpgradeRun run, UpgradeContext context) {
    return "";
  }

  /**
   * Runs the step.
   *
   * @param progress receives lines for a person while the step runs
   * @return one line on what was done, with figures
   * @throws RuntimeException when the step fails; {@link #onFailure} says what follows
   */
  public abstract String run(UpgradeRun run, UpgradeContext context, Consumer<String> progress);

  /**
   * Undoes the step. The saga repeats a failed undo until it succeeds.
   *
   * @return one line on what was undone, or empty
   */
  public abstract String undo(UpgradeRun run, UpgradeContext context, Consumer<String> progress);

  /**
   * Whether a failure speaks against the candidate. Then its version is quarantined, so that the
   * schedule does not try it again. An engine that does not answer is not the candidate's fault.
   */
  public boolean isFaultOfCandidate(Throwable failure) {
    return failure instanceof HoldBudgetExceededException || isCapsuleFailure(failure);
  }

  /** Whether a capsule has failed while the engine answered. */
  static boolean isCapsuleFailure(Throwable failure) {
    return failure instanceof HealthException
        || (failure instanceof CapsuleException capsule && !capsule.isOutage());
  }

  /** Whether clients wait from this step on, so that the hold budget applies. */
  public boolean holdsClients() {
    return false;
  }

  /**
   * Whether green's services run in this step, so that green's data may be the cause of a failure.
   */
  public boolean runsCandidate() {
    return false;
  }

  /**
   * Whether its undo has to do with the candidate alone, and not with what serves. Where the
   * candidate is on another host that does not answer, such an undo is left: nobody was led there.
   */
  public boolean undoesCandidateAlone() {
    return false;
  }

  /** Why the run can no longer be aborted in this step; empty where it can. */
  public Optional<String> abortRefusal() {
    return Optional.empty();
  }

  @Override
  public final String toString() {
    return id;
  }
}
