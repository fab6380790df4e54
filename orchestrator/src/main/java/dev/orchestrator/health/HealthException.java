package dev.orchestrator.health;

/** A capsule that isn't healthy: which services or probes, and what is wrong with each. */
public final class HealthException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public HealthException(String message) {
    super(message);
  }
}
