package dev.orchestrator.settings;

import dev.orchestrator.Refusal;

/** A wrong setting: the message names file, line, key, what is wrong and what would be right. */
public final class InvalidSettings extends Refusal {
  private static final long serialVersionUID = 1L;

  public InvalidSettings(String message) {
    super(message);
  }

  public InvalidSettings(String message, Throwable cause) {
    super(message, cause);
  }
}
