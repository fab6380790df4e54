package dev.orchestrator;

/**
 * A request that is refused before anything was changed: unknown version, damaged configuration,
 * too little space, a port in use. The message is one line that says what is wrong, where, and what
 * to do. The command line prints it as it is and exits with 3; the API answers 409.
 */
public class Refusal extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public Refusal(String message) {
    super(message);
  }

  public Refusal(String message, Throwable cause) {
    super(message, cause);
  }
}
