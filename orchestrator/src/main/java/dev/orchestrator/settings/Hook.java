package dev.orchestrator.settings;

import java.time.Duration;
import java.util.List;

/**
 * A command in a service, around the time in which nobody writes.
 *
 * @param limit how long it may take
 */
public record Hook(String service, When when, List<String> command, Duration limit) {

  /** On which side of the pause. */
  public enum When {
    /** In the old version, before its services stop or freeze; failing, it ends the upgrade. */
    BEFORE,
    /** In whichever version goes on, when its services run again. */
    AFTER
  }
}
