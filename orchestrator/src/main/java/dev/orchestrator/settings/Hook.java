package dev.orchestrator.settings;

import java.time.Duration;
import java.util.List;

/**
 * A command that runs in a service before services stop writing, or after they run again.
 *
 * @param limit how long it may take
 */
public record Hook(String service, When when, List<String> command, Duration limit) {

  /** On which side of the pause in writing. */
  public enum When {
    /** In the old version, before its services stop or freeze; a failure ends the upgrade. */
    BEFORE,
    /** In the version that goes on, once its services run again; a failure is noted. */
    AFTER
  }
}
