package dev.orchestrator.cli;

/** Why a part of a drill has failed, in one line. */
final class DrillFailure extends RuntimeException {
  private static final long serialVersionUID = 1L;

  DrillFailure(String line) {
    super(line);
  }
}
