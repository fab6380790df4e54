package dev.orchestrator.testing;

import java.time.LocalDate;
import java.time.ZoneOffset;

/** Which part of the tests that are too long for every run is due today (UTC). */
public final class Rotation {
  private Rotation() {}

  /** Whether all of them run: {@code scripts/test --matrix}. */
  public static boolean isWhole() {
    return "all".equals(System.getProperty("matrix"));
  }

  /** The number of the day; {@code -Dmatrix.seed} repeats another day's. */
  public static long day() {
    return Long.getLong("matrix.seed", LocalDate.now(ZoneOffset.UTC).toEpochDay());
  }
}
