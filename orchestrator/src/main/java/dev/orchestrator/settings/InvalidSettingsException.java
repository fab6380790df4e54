package dev.orchestrator.settings;

import dev.orchestrator.common.RefusedException;

/** A wrong setting: the message names file, line, key, what is wrong and what would be right. */
public final class InvalidSettingsException extends RefusedException {
  private static final long serialVersionUID = 1L;

  public InvalidSettingsException(String message) {
    super(message);
  }

  public InvalidSettingsException(String message, Throwable cause) {
    super(message, cause);
  }
}
