package dev.orchestrator.upgrade;

/** Clients have waited for as long as they may: the run is undone, and blue serves them. */
public final class HoldBudgetExceededException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Between two steps, or before an action that would need time. */
  HoldBudgetExceededException() {
    super(
        "the hold budget ran out before the switch: see in the receipt which step took long, or"
            + " raise upgrade.hold-budget");
  }

  /** In the middle of a step. Its own failure comes first: that is what a person can mend. */
  public HoldBudgetExceededException(Throwable failure) {
    super(
        FailureText.of(failure)
            + "; the hold budget ran out with it (upgrade.hold-budget, if it only needs longer)",
        failure);
  }
}
