package dev.orchestrator.upgrade;

/**
 * Clients have waited for as long as the hold budget allows: the run is undone, and blue serves
 * them.
 */
public final class HoldBudgetExceededException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** The budget ran out between two steps or before an action. */
  HoldBudgetExceededException() {
    super(
        "the hold budget ran out before the switch: see in the receipt which step took long, or"
            + " raise upgrade.hold-budget");
  }

  /**
   * The budget ran out in a step. The message begins with the step's own failure, which a person
   * can mend.
   */
  public HoldBudgetExceededException(Throwable failure) {
    super(
        FailureText.of(failure)
            + "; the hold budget ran out with it (upgrade.hold-budget, if it only needs longer)",
        failure);
  }
}
