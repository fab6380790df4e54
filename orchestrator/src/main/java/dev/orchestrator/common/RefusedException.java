package dev.orchestrator.common;

/**
 * A request that is refused before anything was changed: unknown version, damaged configuration,
 * too little space, a port in use. The message says what is wrong, where, and what to do: in one
 * line, or in a line for each of several problems that a person corrects at once. The command line
 * prints it as it is and exits with 3; the API answers 409.
 */
public class RefusedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public RefusedException(String message) {
    super(message);
  }

  public RefusedException(String message, Throwable cause) {
    super(message, cause);
  }
}
