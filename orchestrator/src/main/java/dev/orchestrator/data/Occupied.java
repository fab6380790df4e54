package dev.orchestrator.data;

/**
 * What a part of a volume takes on the disk, in bytes.
 *
 * @param shared how much of {@code used} is in blocks that other files have too
 */
public record Occupied(long used, long shared) {
  /** What would be free without it. */
  public long own() {
    return Math.max(0, used - shared);
  }
}
