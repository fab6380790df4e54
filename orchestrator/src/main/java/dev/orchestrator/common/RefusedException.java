package dev.orchestrator.common;

/**
 * A request that is refused before anything was changed: unknown version, damaged configuration,
 * too little space, a port in use. The message is one line that says what is wrong, where, and what
 * to do. The command line prints it as it is and exits with 3; the API answers 409.
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
