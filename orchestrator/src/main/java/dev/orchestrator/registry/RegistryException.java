package dev.orchestrator.registry;

/** A registry that didn't do what was asked for. The message is one line: what, why, what to do. */
public final class RegistryException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public RegistryException(String message) {
    super(message);
  }

  public RegistryException(String message, Throwable cause) {
    super(message, cause);
  }
}
