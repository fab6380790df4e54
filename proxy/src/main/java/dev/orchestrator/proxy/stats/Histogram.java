package dev.orchestrator.proxy.stats;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.LongAccumulator;

/**
 * Counts durations, to microseconds. Each power of two has eight buckets of equal width, so that a
 * quantile is exact to 7 %. Thread-safe.
 */
final class Histogram {
  /** Up to 2^41 microseconds, or 25 days. */
  private static final int BUCKETS = 39 * 8;

  private final AtomicLongArray counts = new AtomicLongArray(BUCKETS);
  private final LongAccumulator longest = new LongAccumulator(Math::max, 0);

  void record(long nanos) {
    counts.incrementAndGet(bucket(nanos / 1_000));
    longest.accumulate(nanos);
  }

  void add(Histogram other) {
    for (int i = 0; i < BUCKETS; i++) {
      counts.addAndGet(i, other.counts.get(i));
    }
    longest.accumulate(other.longest.get());
  }

  long total() {
    long total = 0;
    for (int i = 0; i < BUCKETS; i++) {
      total += counts.get(i);
    }
    return total;
  }

  Duration longest() {
    return Duration.ofNanos(longest.get());
  }

  /** The middle of the bucket that the quantile is in; zero when nothing was recorded. */
  Duration quantile(double q) {
    long rank = Math.max(1, (long) Math.ceil(q * total()));
    long seen = 0;
    for (int i = 0; i < BUCKETS; i++) {
      seen += counts.get(i);
      if (seen >= rank) {
        return Duration.ofNanos(Math.min(longest.get(), (low(i) + low(i + 1)) * 500));
      }
    }
    return Duration.ZERO;
  }

  private static int bucket(long micros) {
    if (micros < 8) {
      return (int) Math.max(0, micros);
    }
    int shift = 60 - Long.numberOfLeadingZeros(micros); // leaves the four highest bits
    return Math.min(BUCKETS - 1, (shift + 1) * 8 + (int) (micros >>> shift) - 8);
  }

  private static long low(int bucket) {
    return bucket < 8 ? bucket : (long) (8 + bucket % 8) << (bucket / 8 - 1);
  }
}
