package dev.orchestrator.proxy;

import static dev.orchestrator.proxy.testing.ProxyFixture.backend;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.proxy.config.Protocol;
import dev.orchestrator.proxy.config.RouteOptions;
import dev.orchestrator.proxy.testing.Await;
import dev.orchestrator.proxy.testing.HttpServerFixture;
import dev.orchestrator.proxy.testing.ProxyFixture;
import dev.orchestrator.proxy.testing.RawHttpConnection;
import dev.orchestrator.proxy.testing.StallDetector;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The bounds of an http route on bytes and time, for clients and targets. */
@Timeout(60)
@SuppressWarnings("StringConcatToTextBlock") // a text block ends its lines without CR
class HttpBoundsTest {
  private static final RouteOptions HTTP = RouteOptions.of(Protocol.HTTP);
  private static final RouteOptions SHORT_HEAD =
      HTTP.withTimeouts(Duration.ZERO, Duration.ofMillis(300));

  @Test
  void aHeadThatDoesNotComeInTimeIsA408() throws Exception {
    try (var blue = HttpServerFixture.named("v1");
        var fixture = ProxyFixture.opened(SHORT_HEAD, backend("blue", blue));
        var slow = fixture.http();
        var silent = fixture.http()) {
      slow.send("GET / HTTP/1.1\r\nHost: a\r\nX: ");
      assertEquals(408, slow.read().status());
      assertEquals("", slow.rest());
      assertEquals("", silent.rest());
      assertEquals(0, blue.server.accepted.get());
    }
  }

  @Test
  void aHeadThatTricklesInIsBoundedAsAWhole() throws Exception {
    try (var blue = HttpServerFixture.named("v1");
        var fixture = ProxyFixture.opened(SHORT_HEAD, backend("blue", blue));
        var client = fixture.http()) {
      client.send("GET / HTTP/1.1\r\nHost: a\r\n");
      try (var drip = Executors.newSingleThreadScheduledExecutor()) {
        Future<?> dripping =
            drip.scheduleAtFixedRate(() -> drop(client), 0, 20, TimeUnit.MILLISECONDS);
        assertEquals(408, client.read().status());
        dripping.cancel(false);
      }
    }
  }

  private static void drop(RawHttpConnection client) {
    try {
      client.send("X: 1\r\n");
    } catch (IOException e) {
      throw new UncheckedIOException(e); // ends the schedule: the proxy has closed the connection
    }
  }

  @Test
  void aSecondRequestIsBoundedTooAndAnIdleConnectionIsNot() throws Exception {
    try (var blue = HttpServerFixture.named("v1");
        var fixture = ProxyFixture.opened(SHORT_HEAD, backend("blue", blue));
        var client = fixture.http();
        var silent = fixture.http()) {
      client.get("/");
      client.read();
      assertEquals("", silent.rest()); // the time for a head has passed then
      client.get("/");
      assertEquals("v1", client.read().body());
      client.send("GET / HTTP/1.1\r\n");
      assertEquals(408, client.read().status());
    }
  }

  @Test
  void aBodyThatStandsStillIsA408() throws Exception {
    try (var blue = HttpServerFixture.named("v1");
        var fixture = ProxyFixture.opened(SHORT_HEAD, backend("blue", blue));
        var client = fixture.http()) {
      client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");
      assertEquals(408, client.read().status());
      assertTrue(blue.requests.isEmpty());
    }
  }

  @Test
  void aHeadThatIsTooLargeIsRefused() throws Exception {
    try (var blue = HttpServerFixture.named("v1");
        var fixture = ProxyFixture.opened(HTTP, backend("blue", blue))) {
      try (var client = fixture.http()) {
        client.send("GET /" + "a".repeat(20_000) + " HTTP/1.1\r\nHost: a\r\n\r\n");
        assertEquals(414, client.read().status());
        assertEquals("", client.rest());
      }
      try (var client = fixture.http()) {
        client.send("GET / HTTP/1.1\r\nHost: a\r\nX: " + "a".repeat(70_000) + "\r\n\r\n");
        assertEquals(431, client.read().status());
      }
      try (var client = fixture.http()) {
        client.send("GET / HTTP/1.1\r\nHost: a\r\nCookie: " + "a".repeat(30_000) + "\r\n\r\n");
        assertEquals("v1", client.read().body()); // large, but within the bound
      }
    }
  }

  @Test
  void aTargetThatAcceptsAndNeverAnswersIsA504AfterTheIdleTime() throws Exception {
    var over = new CountDownLatch(1);
    try (var blue =
            new HttpServerFixture((request, connection) -> {
              Await.forEnd(over);
              return false;
            });
        var fixture =
            ProxyFixture.opened(
                HTTP.withTimeouts(Duration.ofMillis(300), Duration.ofSeconds(30)),
                backend("blue", blue));
        var client = fixture.http();
        var idle = fixture.http()) {
      client.get("/");
      assertEquals(504, client.read().status());
      assertEquals("", idle.rest());
      Await.until("the connection is gone", () -> fixture.stats().open() == 0);
      over.countDown();
    }
  }

  @Test
  void aClientThatReadsSlowlyStopsTheTarget() throws Exception {
    long size = 64 << 20;
    var sent = new java.util.concurrent.atomic.AtomicLong();
    try (var blue =
            new HttpServerFixture((request, connection) -> {
              connection.send("HTTP/1.1 200 OK\r\nContent-Length: " + size + "\r\n\r\n");
              byte[] piece = new byte[1 << 16];
              for (long at = 0; at < size; at += piece.length) {
                connection.socket.getOutputStream().write(piece);
                sent.addAndGet(piece.length);
              }
              return true;
            });
        var fixture = ProxyFixture.opened(HTTP, backend("blue", blue));
        var client = fixture.http()) {
      client.get("/");
      client.head();
      Await.until("the target is stopped", new StallDetector(sent::get));
      assertTrue(sent.get() < size / 2, () -> "sent " + sent.get());
      client.in.skipNBytes(size);
      client.get("/");
      assertEquals(200, client.head().status());
    }
  }
}
