package dev.orchestrator.client;

/** A command that can't go on: one line for the user, and the exit code. */
public class CommandException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int exitCode;

  public CommandException(int exitCode, String line) {
    super(line);
    this.exitCode = exitCode;
  }

  public CommandException(int exitCode, String line, Throwable cause) {
    super(line, cause);
    this.exitCode = exitCode;
  }

  public int exitCode() {
    return exitCode;
  }

  /** The service doesn't answer: not running, or gone in the middle of an answer. */
  public static final class Unreachable extends CommandException {
    private static final long serialVersionUID = 1L;

    public Unreachable(String line) {
      super(ExitCode.UNREACHABLE, line);
    }

    public Unreachable(String line, Throwable cause) {
      super(ExitCode.UNREACHABLE, line, cause);
    }
  }
}
