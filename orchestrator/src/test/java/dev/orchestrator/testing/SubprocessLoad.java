package dev.orchestrator.testing;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Load on a service in a process of its own: a client that posts numbers to the ledger.
 * Thread-safe.
 */
public final class SubprocessLoad implements AutoCloseable {
  private final HttpClient http = HttpClient.newHttpClient();
  private final URI address;
  private final Set<Integer> acknowledged = new TreeSet<>();
  private final AtomicBoolean stop = new AtomicBoolean();
  private final Thread writer = Thread.ofPlatform().name("ledger-client").unstarted(this::write);
  private int refused;

  public SubprocessLoad(int port) {
    address = URI.create("http://127.0.0.1:" + port + "/lines");
  }

  public SubprocessLoad start() {
    writer.start();
    return this;
  }

  private void write() {
    try {
      for (int number = 1; !stop.get(); number++) {
        if (!write(number)) {
          // Nobody listens while the service is dead; pause, so as not to spin.
          TimeUnit.MILLISECONDS.sleep(20);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private boolean write(int number) throws InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(address)
            .timeout(Duration.ofSeconds(60))
            .POST(HttpRequest.BodyPublishers.ofString(Integer.toString(number)))
            .build();
    try {
      HttpResponse<String> answer = http.send(request, HttpResponse.BodyHandlers.ofString());
      if (answer.statusCode() == 200 && answer.body().equals("written\n")) {
        synchronized (this) {
          acknowledged.add(number);
        }
      }
      return true;
    } catch (ConnectException e) {
      synchronized (this) {
        refused++;
      }
      return false;
    } catch (IOException e) {
      return true; // Cut off: what was not acknowledged may or may not be there.
    }
  }

  public synchronized Set<Integer> acknowledged() {
    return new TreeSet<>(acknowledged);
  }

  public synchronized int refused() {
    return refused;
  }

  /** The numbers that the ledger has now. */
  public Set<Integer> readNumbers() throws IOException, InterruptedException {
    HttpRequest request = HttpRequest.newBuilder(address).timeout(Duration.ofSeconds(60)).build();
    return parseNumbers(http.send(request, HttpResponse.BodyHandlers.ofString()).body());
  }

  public static Set<Integer> parseNumbers(String lines) {
    Set<Integer> numbers = new TreeSet<>();
    lines
        .lines()
        .filter(line -> !line.isBlank())
        .forEach(line -> numbers.add(Integer.parseInt(line.strip())));
    return numbers;
  }

  @Override
  public void close() {
    stop.set(true);
    try {
      assertTrue(writer.join(Duration.ofSeconds(90)), "the client ends");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
