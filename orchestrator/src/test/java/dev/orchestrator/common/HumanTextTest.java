package dev.orchestrator.common;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Rounding at the edges of the units. */
final class HumanTextTest {
  @ParameterizedTest
  @CsvSource({
    "0,0 ms",
    "99,99 ms",
    "999,999 ms",
    "1000,1.0 s",
    "59949,59.9 s",
    "59950,1 min 00 s",
    "65000,1 min 05 s",
    "3599600,1 h 00 min",
    "7620000,2 h 07 min",
    "270000000,3 d 3 h"
  })
  void times(long millis, String text) {
    assertEquals(text, HumanText.time(millis));
  }

  @ParameterizedTest
  @CsvSource({"999,999 B", "1000,1.0 kB", "999949,999.9 kB", "999950,1.0 MB", "544000000,544.0 MB"})
  void sizes(long bytes, String text) {
    assertEquals(text, HumanText.bytes(bytes));
  }
}
