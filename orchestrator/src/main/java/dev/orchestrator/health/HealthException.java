package dev.orchestrator.health;

/** A capsule that isn't healthy: which services or probes, and what is wrong with each. */
public final class HealthException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final boolean ranOut;

  /** Of one that can't become healthy. */
  public HealthException(String message) {
    this(message, false);
  }

  /**
   * With what it ended for.
   *
   * @param ranOut there was no time for another try
   */
  public HealthException(String message, boolean ranOut) {
    super(message);
    this.ranOut = ranOut;
  }

  /** It might have become healthy with more time. */
  public boolean ranOut() {
    return ranOut;
  }
}
