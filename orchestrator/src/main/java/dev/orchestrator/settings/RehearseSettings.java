package dev.orchestrator.settings;

import java.time.Duration;
import java.util.List;

/**
 * How a version is tried out on a copy of the data before an upgrade makes clients wait.
 *
 * @param mode whether upgrades do so by themselves
 * @param valid how long an upgrade need not repeat a rehearsal of the same content; zero: it always
 *     does
 * @param skip services that are not started in a rehearsal
 */
public record RehearseSettings(Mode mode, Duration valid, List<String> skip) {
  /** Upgrades without a rehearsal. */
  public static final RehearseSettings OFF =
      new RehearseSettings(Mode.OFF, Duration.ofHours(24), List.of());

  public RehearseSettings {
    skip = List.copyOf(skip);
  }

  /** Whether an upgrade is rehearsed first. */
  public enum Mode {
    OFF,
    /** Where a rehearsal can't be made, or proves nothing, the upgrade goes on without. */
    ON,
    /** Where a rehearsal can't be made, nothing is upgraded. */
    REQUIRED
  }

  /** The same with another mode. */
  public RehearseSettings with(Mode other) {
    return new RehearseSettings(other, valid, skip);
  }
}
