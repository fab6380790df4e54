package dev.orchestrator.health;

/**
 * A capsule that isn't healthy: the message names each service and probe with what is wrong, what
 * its check printed and how its log ends.
 */
public final class HealthException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final boolean ranOut;

  /** Of a capsule that can't become healthy, however long one waits. */
  public HealthException(String message) {
    this(message, false);
  }

  /**
   * Of a capsule that was not healthy in time, or can't become so.
   *
   * @param ranOut whether the wait ended because there was no time for another try
   */
  public HealthException(String message, boolean ranOut) {
    super(message);
    this.ranOut = ranOut;
  }

  /** Whether it might have become healthy with more time. */
  public boolean ranOut() {
    return ranOut;
  }
}
