package dev.orchestrator.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Load on the light stack: a client thread that posts numbers to the ledger without pause, each on
 * its own connection, and remembers the acknowledged ones. Thread-safe.
 */
public final class LightLoad implements AutoCloseable {
  /** Pause after a failed write. */
  private static final long RETRY_PAUSE_MS = 20;

  private static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(90);

  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final URI address;
  private final Set<Integer> acknowledged = new TreeSet<>();
  private final List<String> failures = new ArrayList<>();
  private final AtomicBoolean stop = new AtomicBoolean();
  private final CountDownLatch firstWrites = new CountDownLatch(3);
  private final Thread writer;
  private long longestNanos;

  /**
   * Starts the client; returns after its first three writes.
   *
   * @param path /lines, a file that is appended to, or /rows, an SQLite database in WAL mode
   */
  public LightLoad(LightServiceFixture light, String path) throws InterruptedException {
    this(light.address(), path);
  }

  /** The same through another public route. */
  public LightLoad(URI route, String path) throws InterruptedException {
    address = route.resolve(path);
    writer = Thread.ofPlatform().name("ledger " + path).start(this::write);
    assertTrue(firstWrites.await(60, TimeUnit.SECONDS), () -> "no writes: " + failures());
  }

  private void write() {
    for (int number = 1; !stop.get(); number++) {
      long start = System.nanoTime();
      try {
        HttpRequest request =
            HttpRequest.newBuilder(address)
                .timeout(REQUEST_TIMEOUT)
                .POST(HttpRequest.BodyPublishers.ofString(Integer.toString(number)))
                .build();
        HttpResponse<String> answer = http.send(request, HttpResponse.BodyHandlers.ofString());
        boolean written = answer.statusCode() == 200 && answer.body().equals("written\n");
        record(number, written ? "" : answer.statusCode() + " " + answer.body().strip(), start);
        if (!written) {
          TimeUnit.MILLISECONDS.sleep(RETRY_PAUSE_MS);
        }
      } catch (IOException e) {
        record(number, e.toString(), start);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  private synchronized void record(int number, String failure, long start) {
    if (failure.isEmpty()) {
      acknowledged.add(number);
      longestNanos = Math.max(longestNanos, System.nanoTime() - start);
      firstWrites.countDown();
    } else {
      failures.add(number + ": " + failure);
    }
  }

  public synchronized Set<Integer> acknowledged() {
    return new TreeSet<>(acknowledged);
  }

  /** Writes that were not acknowledged: cut off, or refused. */
  public synchronized List<String> failures() {
    return List.copyOf(failures);
  }

  public synchronized Duration longestWrite() {
    return Duration.ofNanos(longestNanos);
  }

  /** The numbers that the ledger has now, with duplicates. */
  public List<Integer> readNumbers() throws IOException, InterruptedException {
    HttpRequest request = HttpRequest.newBuilder(address).timeout(REQUEST_TIMEOUT).build();
    return parseNumbers(http.send(request, HttpResponse.BodyHandlers.ofString()).body());
  }

  public static List<Integer> parseNumbers(String lines) {
    return lines
        .lines()
        .map(String::strip)
        .filter(line -> !line.isEmpty())
        .map(Integer::valueOf)
        .toList();
  }

  /** Stops writing; asserts that the ledger has each acknowledged number exactly once. */
  public void assertComplete(String when) throws IOException, InterruptedException {
    stopWriting();
    List<Integer> found = readNumbers();
    Set<Integer> distinct = new TreeSet<>(found);
    assertEquals(distinct.size(), found.size(), when + ": written twice");
    Set<Integer> missing = acknowledged();
    missing.removeAll(distinct);
    assertEquals(Set.of(), missing, when + ": acknowledged and lost, of " + acknowledged().size());
  }

  /** Stops writing after the write that is under way. */
  public void stopWriting() throws InterruptedException {
    stop.set(true);
    assertTrue(writer.join(REQUEST_TIMEOUT.plusSeconds(30)), "the writer ends");
  }

  @Override
  public void close() {
    stop.set(true);
  }
}
