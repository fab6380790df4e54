package dev.orchestrator.stack;

import dev.orchestrator.common.RefusedException;

/** A run that is refused for a moment alone: the same request is right a little later. */
public final class NotYetException extends RefusedException {
  private static final long serialVersionUID = 1L;

  public NotYetException(String message) {
    super(message);
  }
}
