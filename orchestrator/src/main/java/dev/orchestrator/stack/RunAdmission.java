package dev.orchestrator.stack;

import dev.orchestrator.common.NotYetException;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.journal.Journal;
import java.time.Duration;

/**
 * This process's place between the one before it and the one after: whether it may begin anything,
 * and how it hands over. Thread-safe.
 */
final class RunAdmission {
  private static final Duration ASK = Duration.ofSeconds(20);
  private static final String BUSY = "a run is under way: wait for its end ('orchestrator watch')";

  private final Journal journal;
  private final ServingSupervisor keeper;
  private final Reconciler caretaker;
  private final HandoverPort succession;
  private volatile boolean leaving;

  RunAdmission(
      Journal journal, ServingSupervisor keeper, Reconciler caretaker, HandoverPort succession) {
    this.journal = journal;
    this.keeper = keeper;
    this.caretaker = caretaker;
    this.succession = succession;
  }

  /**
   * Waits until what an earlier process has left is removed.
   *
   * @throws RefusedException when this process is not to begin anything now
   */
  void mayBegin() {
    caretaker.awaitCleared(ASK);
    if (leaving) {
      throw new NotYetException("another process takes over: try again when it serves");
    }
    if (!succession.predecessorLeft()) {
      throw new NotYetException(
          "the process that served before lets its last connections end: try again later"
              + " (takeover.drain bounds that)");
    }
  }

  /** Waits for another process from now on; returns the path of the Unix socket where. */
  String handOver() {
    mayBegin();
    if (!keeper.hand(ASK)) {
      throw new RefusedException(BUSY);
    }
    try {
      leaving = true; // First: a run that begins now sees it, or is seen in the journal.
      if (journal.running().isPresent()) {
        throw new RefusedException(BUSY);
      }
      return succession.offer();
    } catch (RuntimeException e) {
      leaving = false;
      throw e;
    } finally {
      keeper.back();
    }
  }

  /** The other process did not come. */
  void stay() {
    leaving = false;
  }
}
