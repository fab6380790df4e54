package dev.orchestrator.upgrade;

/** Clients have waited for as long as they may: the run is undone, blue serves them. */
final class HoldBudgetExceededException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private static final String WORDS =
      "the hold budget ran out before the switch: raise upgrade.hold-budget, or see in the receipt"
          + " which step took long";

  HoldBudgetExceededException() {
    super(WORDS);
  }

  /** Found in the middle of a step, which says how far it was. */
  HoldBudgetExceededException(Throwable stopped) {
    super(WORDS + "; " + FailureText.of(stopped), stopped);
  }
}
