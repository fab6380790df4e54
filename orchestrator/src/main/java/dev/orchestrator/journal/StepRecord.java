package dev.orchestrator.journal;

import java.time.Instant;

/**
 * A line of the journal.
 *
 * @param detail one line for a person: what was done, with figures, or why it failed
 */
public record StepRecord(
    String upgrade, int sequence, String step, Phase phase, Instant at, String detail) {

  /** Where in its life the step is. */
  public enum Phase {
    /** Written before the side effect. */
    INTENT,
    DONE,
    FAILED,
    /** Written before an undo's side effect. */
    UNDO,
    UNDONE,
    /** An undo that failed. */
    STUCK
  }
}
