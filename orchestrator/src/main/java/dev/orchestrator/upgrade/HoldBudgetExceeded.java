package dev.orchestrator.upgrade;

/** Clients have waited for as long as they may: the run is undone, blue serves them. */
final class HoldBudgetExceeded extends RuntimeException {
  private static final long serialVersionUID = 1L;

  HoldBudgetExceeded() {
    super(
        "the hold budget ran out before the switch: raise upgrade.hold-budget, or see in the"
            + " receipt which step took long");
  }
}
