package dev.orchestrator.proxy;

import static dev.orchestrator.proxy.testing.ProxyFixture.backend;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.proxy.config.Protocol;
import dev.orchestrator.proxy.config.ProxyOptions;
import dev.orchestrator.proxy.config.RouteOptions;
import dev.orchestrator.proxy.testing.Await;
import dev.orchestrator.proxy.testing.HttpServerFixture;
import dev.orchestrator.proxy.testing.ProxyFixture;
import dev.orchestrator.proxy.testing.RawHttpConnection;
import dev.orchestrator.proxy.testing.StallDetector;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
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
  private static final ProxyOptions ONE_MIB_HELD =
      ProxyOptions.defaults().withMaxHeldBytes(1 << 20);
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

  @Test
  void heldRequestsAboveTheBoundOnBytesAreA503AndTheOthersAreServed() throws Exception {
    String large = "GET / HTTP/1.1\r\nHost: a\r\nCookie: " + "c".repeat(60_000) + "\r\n\r\n";
    try (var blue = HttpServerFixture.named("v1");
        var fixture = ProxyFixture.opened(ONE_MIB_HELD, HTTP, backend("blue", blue))) {
      for (int burst = 1; burst <= 3; burst++) { // the bytes of one must not count for the next
        fixture.proxy.hold(Duration.ofMinutes(1));
        long refusedBefore = fixture.stats().refused();
        List<RawHttpConnection> clients = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
          clients.add(fixture.http());
          clients.getLast().send(large);
        }
        Await.until(
            "each is held or refused",
            () -> fixture.stats().heldNow() + fixture.stats().refused() - refusedBefore == 40);
        long held = fixture.stats().heldNow();
        assertTrue(held >= 5 && held <= 17, () -> held + " held");
        fixture.proxy.release();
        int served = 0;
        for (RawHttpConnection client : clients) {
          RawHttpConnection.Message response = client.read();
          served += response.status() == 200 ? 1 : 0;
          if (response.status() != 200) {
            assertEquals(503, response.status());
            assertTrue(Integer.parseInt(response.field("retry-after")) > 0);
          }
          client.close();
        }
        assertEquals(held, served);
      }
    }
  }

  @Test
  void anUnfinishedHeadAboveTheBoundOnBytesIsA503() throws Exception {
    try (var blue = HttpServerFixture.named("v1");
        var fixture =
            ProxyFixture.opened(
                ProxyOptions.defaults().withMaxHeldBytes(16_384), HTTP, backend("blue", blue));
        var client = fixture.http()) {
      client.send("GET / HTTP/1.1\r\nHost: a\r\n" + "X-Field: 7\r\n".repeat(200));
      assertEquals(503, client.read().status());
    }
  }

  @Test
  void requestsSentAheadAboveTheBoundOnBytesAreDroppedAndTheResponseIsComplete() throws Exception {
    var asked = new CountDownLatch(1);
    var finish = new CountDownLatch(1);
    try (var blue =
            new HttpServerFixture((request, connection) -> {
              asked.countDown();
              Await.forEnd(finish);
              connection.send(HttpServerFixture.answer("v1"));
              return true;
            });
        var fixture =
            ProxyFixture.opened(
                ProxyOptions.defaults().withMaxHeldBytes(1024), HTTP, backend("blue", blue));
        var client = fixture.http()) {
      client.get("/");
      assertTrue(asked.await(10, TimeUnit.SECONDS));
      client.send("GET /ahead HTTP/1.1\r\nHost: a\r\nX: " + "a".repeat(4_000) + "\r\n\r\n");
      try (var other = fixture.http()) {
        other.send("GET /other HTTP/1.1\r\nHost: a\r\nX: " + "a".repeat(4_000) + "\r\n\r\n");
        assertEquals(503, other.read().status());
      }
      finish.countDown();
      assertEquals("v1", client.read().body());
      assertEquals("", client.rest());
      assertEquals(1, blue.requests.size());
    }
  }

  @Test
  void aHeldRequestIsServedEvenIfTheRequestsSentAheadOfItsResponseAreAboveTheBound()
      throws Exception {
    try (var blue = HttpServerFixture.named("v1");
        var fixture =
            ProxyFixture.opened(
                ProxyOptions.defaults().withMaxHeldBytes(1024), HTTP, backend("blue", blue));
        var client = fixture.http()) {
      fixture.proxy.hold(Duration.ofMinutes(1));
      client.send(
          "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /ahead HTTP/1.1\r\nHost: a\r\nX: "
              + "a".repeat(4_000)
              + "\r\n\r\n");
      fixture.untilHeld(1);
      fixture.proxy.release();
      assertEquals("v1", client.read().body());
      assertEquals("", client.rest());
      assertEquals(1, blue.requests.size());
    }
  }
}
