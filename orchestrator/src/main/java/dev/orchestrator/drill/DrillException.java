package dev.orchestrator.drill;

/** Why a part of a drill has failed, in one line. */
final class DrillException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  DrillException(String line) {
    super(line);
  }
}
