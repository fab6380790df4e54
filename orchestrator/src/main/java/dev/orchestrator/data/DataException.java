package dev.orchestrator.data;

/**
 * A copy or a comparison that failed. The message says in one line what, on which volumes, and why.
 */
public final class DataException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public DataException(String message) {
    super(message);
  }

  public DataException(String message, Throwable cause) {
    super(message, cause);
  }
}
