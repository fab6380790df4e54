package dev.orchestrator.journal;

import java.time.Instant;

/**
 * A line of a run's journal: a step has begun, ended or failed.
 *
 * @param sequence place of the line in its run, from 1
 * @param detail one line for a person: what was done, with figures, or why it failed
 */
public record StepRecord(
    String upgrade, int sequence, String step, Phase phase, Instant at, String detail) {

  /** What the line says of its step. */
  public enum Phase {
    /** It begins: written before its side effect. */
    INTENT,
    DONE,
    FAILED,
    /** It begins to be undone: written before the side effect. */
    UNDO,
    UNDONE,
    /** Undoing it failed. */
    STUCK
  }
}
