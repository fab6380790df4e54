package dev.orchestrator.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;

/**
 * A service beside those of the light stack: a web application that shows a first-run page until it
 * is set up, and keeps sessions on its disk. {@code src/test/resources/shop} has it.
 */
public final class ShopFixture {
  private static final Path SOURCE = Path.of("src/test/resources/shop");
  private static final Duration SOON = Duration.ofSeconds(20);

  /** Of a visitor, on a machine with other work. */
  private static final Duration PACE = Duration.ofMillis(20);

  private final HttpClient http = HttpClient.newHttpClient();
  private final int port;

  /** Talks to the service through a port of the loopback address. */
  public ShopFixture(int port) {
    this.port = port;
  }

  /** Adds the service to a release of a stack's own copy of the light stack. */
  public static void addTo(LightStackFixture stack, String version) throws IOException {
    Path image = Files.createDirectories(stack.folder().resolve("images/shop"));
    for (String name : List.of("Dockerfile", "shop.pl")) {
      if (Files.notExists(image.resolve(name))) {
        Files.copy(SOURCE.resolve(name), image.resolve(name));
      }
    }
    Path compose = stack.folder().resolve("releases").resolve(version).resolve("compose.yaml");
    Files.writeString(
        compose,
        Files.readString(compose)
            .replace(
                "\n  greeter:\n",
                """

                  shop:
                    build: ../../images/shop
                    volumes: ["shop:/var/lib/shop"]
                    ports: ["8090:80"]
                    restart: unless-stopped
                    stop_grace_period: 2s
                    healthcheck:
                      test: [CMD, perl, /shop.pl, check]
                      interval: 1s
                      start_period: 5s
                      start_interval: 200ms

                  greeter:
                """)
            .replace("volumes:\n  ledger:\n", "volumes:\n  ledger:\n  shop:\n"));
  }

  /** The line of its route in stack.conf. */
  public String route() {
    return "{ name = shop, listen = \"127.0.0.1:%d\", service = shop, port = 80 }".formatted(port);
  }

  /** Sets it up and logs in; returns the session's cookie. */
  public String setUpAndLogIn() throws IOException, InterruptedException {
    assertEquals("/setup", location(get("", "/")), "it leads to the first-run page");
    assertEquals(200, post("/setup", "a shop").statusCode());
    return Objects.requireNonNull(
            post("/login", "anna").headers().firstValue("Set-Cookie").orElse(null))
        .strip();
  }

  /** Requires a session to be known. */
  public void assertLoggedIn(String cookie) throws IOException, InterruptedException {
    assertLoggedIn(cookie, "127.0.0.1:" + port);
  }

  /** The same at another address. */
  public void assertLoggedIn(String cookie, String address)
      throws IOException, InterruptedException {
    HttpResponse<String> account = get(cookie, address, "/account");
    assertEquals("account of anna\n", account.body(), account.toString());
    assertEquals("<title>Shop</title>\n", get("", address, "/").body());
  }

  private HttpResponse<String> get(String cookie, String path)
      throws IOException, InterruptedException {
    return get(cookie, "127.0.0.1:" + port, path);
  }

  private HttpResponse<String> get(String cookie, String address, String path)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://" + address + path)).timeout(SOON);
    return http.send(
        cookie.isEmpty() ? request.build() : request.header("Cookie", cookie).build(),
        BodyHandlers.ofString());
  }

  private HttpResponse<String> post(String path, String body)
      throws IOException, InterruptedException {
    return http.send(
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
            .timeout(SOON)
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build(),
        BodyHandlers.ofString());
  }

  private static String location(HttpResponse<String> answer) {
    return answer.headers().firstValue("Location").orElse("");
  }

  /** A visitor who looks at the front page all the time, from before it is there. */
  public Visitor visitor() {
    return new Visitor();
  }

  /** Keeps what every visit has seen. */
  public final class Visitor implements AutoCloseable {
    private final List<String> seen = Collections.synchronizedList(new ArrayList<>());
    private volatile boolean ends;
    private final Thread thread = Thread.ofVirtual().start(this::visit);

    private void visit() {
      while (!ends) {
        try {
          HttpResponse<String> page = get("", "/");
          seen.add(page.body().strip() + location(page));
        } catch (IOException e) {
          // Nobody listens there yet.
        } catch (InterruptedException e) {
          return;
        }
        LockSupport.parkNanos(PACE.toNanos());
      }
    }

    /** Ends the visits, each of which must have seen the front page of a shop that is set up. */
    @Override
    public void close() {
      ends = true;
      try {
        thread.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new AssertionError(e);
      }
      assertEquals(List.of("<title>Shop</title>"), seen.stream().distinct().toList());
    }
  }
}
