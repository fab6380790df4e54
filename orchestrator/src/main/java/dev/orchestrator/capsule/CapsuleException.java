package dev.orchestrator.capsule;

/** A capsule that could not be built, started or asked: what, which one, and why, in one line. */
public final class CapsuleException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public CapsuleException(String message) {
    super(message);
  }

  public CapsuleException(String message, Throwable cause) {
    super(message, cause);
  }
}
