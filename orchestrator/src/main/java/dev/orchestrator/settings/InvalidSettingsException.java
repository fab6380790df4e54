package dev.orchestrator.settings;

import dev.orchestrator.common.RefusedException;

/**
 * Wrong settings. The message has a line for each error: file, line, key, what is wrong and what to
 * write instead.
 */
public final class InvalidSettingsException extends RefusedException {
  private static final long serialVersionUID = 1L;

  public InvalidSettingsException(String message) {
    super(message);
  }

  public InvalidSettingsException(String message, Throwable cause) {
    super(message, cause);
  }
}
