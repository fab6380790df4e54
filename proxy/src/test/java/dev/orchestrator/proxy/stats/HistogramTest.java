package dev.orchestrator.proxy.stats;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class HistogramTest {
  @Test
  void quantilesAreWithinSevenPercentAndTheLongestIsExact() {
    Histogram waits = new Histogram();
    for (int ms = 1; ms <= 1000; ms++) {
      waits.record(Duration.ofMillis(ms).toNanos());
    }
    near(500, waits.quantile(0.5));
    near(990, waits.quantile(0.99));
    assertEquals(Duration.ofSeconds(1), waits.longest());
    assertEquals(1000, waits.total());
  }

  @Test
  void anyDurationHasABucket() {
    Histogram waits = new Histogram();
    assertEquals(Duration.ZERO, waits.quantile(0.99));
    waits.record(0);
    waits.record(Long.MAX_VALUE);
    assertEquals(Duration.ofNanos(Long.MAX_VALUE), waits.longest());
    Histogram sum = new Histogram();
    sum.add(waits);
    assertEquals(2, sum.total());
  }

  private static void near(long expectedMs, Duration actual) {
    double error = Math.abs(actual.toNanos() / 1e6 - expectedMs) / expectedMs;
    assertTrue(error < 0.07, () -> actual + " is not near " + expectedMs + " ms");
  }
}
