package dev.orchestrator.drill;

/** A part of a drill has failed; the message is one line that says why. */
final class DrillException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  DrillException(String line) {
    super(line);
  }
}
