package dev.orchestrator.demo;

import java.io.IOException;
import java.net.ConnectException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A client that writes numbered entries through a public route without pause, and remembers which
 * were acknowledged. A write that fails is tried again with the next number: what was not
 * acknowledged may or may not be there. Thread-safe.
 */
abstract class NumberedLoad implements AutoCloseable {
  private static final int FIRST_WRITES = 5;

  private final Set<Long> acknowledged = new TreeSet<>();
  private final List<String> failures = new ArrayList<>();
  private final AtomicLong refused = new AtomicLong();
  private final CountDownLatch begun = new CountDownLatch(FIRST_WRITES);
  private final Thread writer;
  private volatile boolean stop;
  private long next;
  private long longestNanos;

  NumberedLoad(String name) {
    writer = Thread.ofPlatform().name(name).unstarted(this::run);
  }

  /** Writes one entry; returns when it was acknowledged. */
  abstract void write(long number) throws IOException;

  /** All entries that are there. */
  abstract Set<Long> found() throws IOException;

  /** Starts writing; returns after the first few acknowledged writes. */
  void start() throws InterruptedException {
    writer.start();
    awaitWrites(begun);
  }

  private void awaitWrites(CountDownLatch latch) throws InterruptedException {
    if (!latch.await(60, TimeUnit.SECONDS)) {
      throw new AssertionError(writer.getName() + " could not write: " + failures());
    }
  }

  private void run() {
    while (!stop) {
      long number = ++next;
      long start = System.nanoTime();
      try {
        write(number);
        succeeded(number, System.nanoTime() - start);
      } catch (ConnectException e) {
        refused.incrementAndGet();
        failed(number, e);
      } catch (IOException e) {
        failed(number, e);
      }
    }
  }

  private synchronized void succeeded(long number, long nanos) {
    acknowledged.add(number);
    longestNanos = Math.max(longestNanos, nanos);
    begun.countDown();
  }

  private synchronized void failed(long number, IOException e) {
    failures.add(number + ": " + e.getMessage());
  }

  /** Stops writing; the write that is under way is finished. */
  void stop() throws InterruptedException {
    stop = true;
    writer.join(60_000);
  }

  synchronized Set<Long> acknowledged() {
    return new TreeSet<>(acknowledged);
  }

  /** The entries that were acknowledged and are not found. */
  Set<Long> missing(Set<Long> acknowledgedEntries) throws IOException {
    Set<Long> missing = new TreeSet<>(acknowledgedEntries);
    missing.removeAll(found());
    return missing;
  }

  long refused() {
    return refused.get();
  }

  /** The longest that an acknowledged write took, in milliseconds. */
  synchronized long longestMillis() {
    return longestNanos / 1_000_000;
  }

  /** The same since the last call of this method; of a write that ends after it, for the next. */
  synchronized long takeLongestMillis() {
    long longest = longestMillis();
    longestNanos = 0;
    return longest;
  }

  synchronized List<String> failures() {
    return List.copyOf(failures);
  }

  @Override
  public void close() {
    try {
      stop();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
