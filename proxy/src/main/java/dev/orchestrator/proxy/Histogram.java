package dev.orchestrator.proxy;

import java.time.Duration;

/** Counts durations in buckets of an eighth of a power of two of microseconds. Not thread-safe. */
final class Histogram {
  private final long[] counts = new long[64 * 8];
  private long total;
  private long longest;

  void record(long nanos) {
    counts[bucket(nanos / 1_000)]++;
    total++;
    longest = Math.max(longest, nanos);
  }

  void add(Histogram other) {
    for (int i = 0; i < counts.length; i++) {
      counts[i] += other.counts[i];
    }
    total += other.total;
    longest = Math.max(longest, other.longest);
  }

  long total() {
    return total;
  }

  Duration longest() {
    return Duration.ofNanos(longest);
  }

  /** The middle of the bucket that holds the quantile; zero when nothing was recorded. */
  Duration quantile(double q) {
    long rank = Math.max(1, (long) Math.ceil(q * total));
    long seen = 0;
    for (int i = 0; i < counts.length; i++) {
      seen += counts[i];
      if (seen >= rank) {
        return Duration.ofNanos(Math.min(longest, (low(i) + low(i + 1)) * 500));
      }
    }
    return Duration.ZERO;
  }

  private static int bucket(long micros) {
    if (micros < 8) {
      return (int) Math.max(0, micros);
    }
    int shift = 60 - Long.numberOfLeadingZeros(micros); // leaves the four highest bits
    return (shift + 1) * 8 + (int) (micros >>> shift) - 8;
  }

  private static long low(int bucket) {
    return bucket < 8 ? bucket : (long) (8 + bucket % 8) << (bucket / 8 - 1);
  }
}
