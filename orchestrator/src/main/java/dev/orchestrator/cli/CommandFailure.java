package dev.orchestrator.cli;

/** A command that can't go on: one line for the user, and the exit code. */
class CommandFailure extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int exitCode;

  CommandFailure(int exitCode, String line) {
    super(line);
    this.exitCode = exitCode;
  }

  CommandFailure(int exitCode, String line, Throwable cause) {
    super(line, cause);
    this.exitCode = exitCode;
  }

  int exitCode() {
    return exitCode;
  }

  /** The service doesn't answer: not running, or gone in the middle of an answer. */
  static final class Unreachable extends CommandFailure {
    private static final long serialVersionUID = 1L;

    Unreachable(String line) {
      super(ExitCode.UNREACHABLE, line);
    }

    Unreachable(String line, Throwable cause) {
      super(ExitCode.UNREACHABLE, line, cause);
    }
  }
}
