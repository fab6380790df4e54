package dev.orchestrator.journal;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The record of an upgrade that a person or a script reads afterwards. Durations in milliseconds.
 *
 * @param steps in the order in which they ran, undo steps included
 * @param notes lines for a person, such as where newer data was set aside
 */
public record Receipt(
    UpgradeRecord upgrade,
    String stack,
    List<Step> steps,
    @Nullable Traffic traffic,
    List<CopyPass> copies,
    @Nullable Image image,
    List<String> notes) {

  /** One step with its time. */
  public record Step(String step, String phase, Instant at, long millis, String detail) {}

  /**
   * What clients saw.
   *
   * @param held connections that waited in the gate
   * @param longestHoldMillis the longest that one of them waited
   * @param refused connections that were closed without an answer
   * @param drained connections to the old side that ended by themselves
   * @param cut connections to the old side that were closed at the end of the drain budget
   */
  public record Traffic(
      long held, long longestHoldMillis, long p99HoldMillis, long refused, int drained, int cut) {}

  /** One pass of a copy: {@code pre-sync 1}, {@code sync} … */
  public record CopyPass(String name, long files, long bytes, long millis) {}

  /** The capsule image. */
  public record Image(String reference, long bytes, boolean cached, long buildMillis) {}
}
