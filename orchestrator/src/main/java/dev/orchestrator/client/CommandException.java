package dev.orchestrator.client;

/** A command fails: one line for the user, and the exit code of the command. */
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

  /** The service refuses a request that it will accept later, without a change by anybody. */
  public static final class NotYet extends CommandException {
    private static final long serialVersionUID = 1L;

    public NotYet(String line) {
      super(ExitCode.REFUSED, line);
    }
  }

  /** The service does not answer: it is not running, or it ended before its answer. */
  public static final class Unreachable extends CommandException {
    private static final long serialVersionUID = 1L;

    public Unreachable(String line) {
      super(ExitCode.UNREACHABLE, line);
    }

    public Unreachable(String line, Throwable cause) {
      super(ExitCode.UNREACHABLE, line, cause);
    }
  }

  /** The service does not know the request: it is older than this program. */
  public static final class Unknown extends CommandException {
    private static final long serialVersionUID = 1L;

    Unknown(String message) {
      super(ExitCode.REFUSED, message);
    }
  }
}
