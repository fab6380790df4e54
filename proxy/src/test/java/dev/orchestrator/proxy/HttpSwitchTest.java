package dev.orchestrator.proxy;

import static dev.orchestrator.proxy.testing.ProxyFixture.backend;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.proxy.config.ListenAddress;
import dev.orchestrator.proxy.config.Protocol;
import dev.orchestrator.proxy.config.ProxyOptions;
import dev.orchestrator.proxy.config.Route;
import dev.orchestrator.proxy.config.RouteOptions;
import dev.orchestrator.proxy.gate.DrainResult;
import dev.orchestrator.proxy.testing.Await;
import dev.orchestrator.proxy.testing.HttpServerFixture;
import dev.orchestrator.proxy.testing.ProxyFixture;
import dev.orchestrator.proxy.testing.RawHttpConnection;
import java.io.EOFException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Holds, switches and drains of an http route, as its clients see them. */
@Timeout(60)
class HttpSwitchTest {
  private static final RouteOptions HTTP = RouteOptions.of(Protocol.HTTP);
  private static final Duration LONG = Duration.ofMinutes(1);
  private static final Duration SHORT = Duration.ofMillis(150);

  @Test
  void aConnectionThatStaysOpenSeesTheOldVersionAndThenTheNew() throws Exception {
    try (var blue = HttpServerFixture.named("v1");
        var green = HttpServerFixture.named("v2");
        var fixture = ProxyFixture.opened(HTTP, backend("blue", blue));
        var client = fixture.http()) {
      for (int i = 0; i < 3; i++) {
        client.get("/");
        assertEquals("v1", client.read().body());
      }
      fixture.proxy.switchTo(backend("green", green));
      for (int i = 0; i < 3; i++) {
        client.get("/");
        assertEquals("v2", client.read().body());
      }
      assertEquals(1, fixture.stats().total());
      assertEquals(1, blue.server.accepted.get());
      assertEquals(1, green.server.accepted.get());
      Await.until("the kept connection is gone", () -> fixture.stats().open() == 1);
    }
  }

  @Test
  void heldRequestsWaitAndAreThenSent() throws Exception {
    try (var blue = HttpServerFixture.named("v1");
        var green = HttpServerFixture.named("v2");
        var fixture = ProxyFixture.opened(HTTP, backend("blue", blue));
        var open = fixture.http();
        var other = fixture.http()) {
      open.get("/");
      assertEquals("v1", open.read().body());
      fixture.proxy.hold(LONG);
      open.get("/held");
      fixture.untilHeld(1);
      other.send("POST /held HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
      fixture.untilHeld(2);

      fixture.proxy.switchTo(backend("green", green));

      assertEquals("v2", open.read().body());
      assertEquals("v2", other.read().body());
      assertEquals(1, blue.requests.size());
      assertEquals(
          "hello",
          green.requests.stream()
              .filter(r -> r.start().startsWith("POST"))
              .findFirst()
              .orElseThrow()
              .body());
      assertEquals(2, fixture.stats().lastHold().served());
    }
  }

  @Test
  void whenTheDeadlinePassesHeldRequestsGoToTheBackendThatServed() throws Exception {
    try (var blue = HttpServerFixture.named("v1");
        var fixture = ProxyFixture.opened(HTTP, backend("blue", blue));
        var client = fixture.http()) {
      fixture.proxy.hold(SHORT);
      client.get("/");
      assertEquals("v1", client.read().body());
    }
  }

  @Test
  void aRequestAboveTheBoundOnHeldRequestsIsA503WithRetryAfter() throws Exception {
    ProxyOptions one = ProxyOptions.defaults().withMaxHeld(1);
    try (var blue = HttpServerFixture.named("v1");
        var fixture = ProxyFixture.opened(one, HTTP, backend("blue", blue));
        var first = fixture.http();
        var second = fixture.http()) {
      fixture.proxy.hold(LONG);
      first.get("/");
      fixture.untilHeld(1);
      second.get("/");
      RawHttpConnection.Message refused = second.read();
      assertEquals(503, refused.status());
      assertTrue(Integer.parseInt(refused.field("retry-after")) > 0);
      assertEquals("", second.rest());
      fixture.proxy.release();
      assertEquals("v1", first.read().body());
      assertEquals(1, fixture.stats().refused());
    }
  }

  @Test
  void aClosedGateIsA503() throws Exception {
    try (var fixture = new ProxyFixture()) {
      fixture.proxy.open(
          java.util.List.of(new Route("web", new ListenAddress("127.0.0.1", 0), HTTP)), null);
      try (var client = fixture.http()) {
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nnot all of it");
        assertEquals(503, client.read().status());
      }
    }
  }

  @Test
  void aClientThatLeavesWhileItsRequestIsHeldIsDroppedAndNeverServed() throws Exception {
    try (var blue = HttpServerFixture.named("v1");
        var fixture = ProxyFixture.opened(HTTP, backend("blue", blue));
        var patient = fixture.http()) {
      fixture.proxy.hold(LONG);
      var polite = fixture.http();
      polite.send("POST /once HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
      var rude = fixture.http();
      rude.send("POST /once HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
      patient.get("/");
      fixture.untilHeld(3);
      polite.close();
      fixture.untilHeld(2);
      rude.socket.setSoLinger(true, 0);
      rude.close();
      fixture.untilHeld(1);
      fixture.proxy.release();
      assertEquals("v1", patient.read().body());
      assertEquals(1, blue.requests.size());
      assertEquals(2, fixture.stats().gaveUp());
    }
  }

  @Test
  void aRequestInFlightFinishesOnTheOldBackendInsideTheBudget() throws Exception {
    var asked = new CountDownLatch(1);
    var finish = new CountDownLatch(1);
    try (var blue =
            new HttpServerFixture((request, connection) -> {
              asked.countDown();
              Await.forEnd(finish);
              connection.send(HttpServerFixture.answer("v1, late"));
              return true;
            });
        var green = HttpServerFixture.named("v2");
        var fixture = ProxyFixture.opened(HTTP, backend("blue", blue));
        var client = fixture.http()) {
      client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
      assertTrue(asked.await(10, TimeUnit.SECONDS));
      fixture.proxy.hold(LONG);
      var drained = new FutureTask<>(() -> fixture.proxy.drain(LONG));
      Thread draining = Thread.ofPlatform().start(drained);
      Await.until("it waits", () -> draining.getState() == Thread.State.TIMED_WAITING);
      finish.countDown();
      assertEquals(new DrainResult(1, 0), drained.get(10, TimeUnit.SECONDS));
      fixture.proxy.switchTo(backend("green", green));
      assertEquals("v1, late", client.read().body());
      client.get("/");
      assertEquals("v2", client.read().body());
    }
  }

  @Test
  void aRequestThatIsSafeToRepeatAndWasNotAnsweredGoesToTheNewBackendAfterTheBudget()
      throws Exception {
    var asked = new CountDownLatch(2);
    var over = new CountDownLatch(1);
    try (var blue =
            new HttpServerFixture((request, connection) -> {
              asked.countDown();
              Await.forEnd(over);
              return false;
            });
        var green = HttpServerFixture.named("v2");
        var fixture = ProxyFixture.opened(HTTP, backend("blue", blue));
        var get = fixture.http();
        var post = fixture.http()) {
      get.get("/events");
      post.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
      assertTrue(asked.await(10, TimeUnit.SECONDS));
      fixture.proxy.hold(LONG);
      assertEquals(new DrainResult(0, 2), fixture.proxy.drain(SHORT));
      assertEquals(502, post.read().status());
      fixture.proxy.switchTo(backend("green", green));
      assertEquals("v2", get.read().body());
      over.countDown();
    }
  }

  @Test
  void aClientSeesThatAResponseWasCut() throws Exception {
    var over = new CountDownLatch(1);
    try (var blue =
            new HttpServerFixture((request, connection) -> {
              connection.send(
                  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
              Await.forEnd(over);
              return false;
            });
        var fixture = ProxyFixture.opened(HTTP, backend("blue", blue));
        var client = fixture.http()) {
      client.get("/");
      RawHttpConnection.Message head = client.head();
      assertEquals("chunked", head.field("transfer-encoding"));
      assertEquals("hello", client.chunk());
      fixture.proxy.hold(LONG);
      assertEquals(new DrainResult(0, 1), fixture.proxy.drain(SHORT));
      assertThrows(EOFException.class, client::chunk);
      over.countDown();
    }
  }

  @Test
  void aWebsocketLivesThroughASwitchAndIsCutWithTheDrain() throws Exception {
    try (var blue =
            new HttpServerFixture((request, connection) -> {
              connection.send(
                  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                      + "Connection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\nblue says hi");
              connection.in.transferTo(connection.socket.getOutputStream());
              return false;
            });
        var green = HttpServerFixture.named("v2");
        var fixture = ProxyFixture.opened(HTTP, backend("blue", blue));
        var client = fixture.http()) {
      client.send(
          "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
              + "Sec-WebSocket-Key: k\r\n\r\nahead");
      RawHttpConnection.Message head = client.head();
      assertEquals(101, head.status());
      assertEquals("websocket", head.field("upgrade"));
      assertEquals("upgrade", head.field("connection"));
      assertEquals("blue says hi", client.text(12));
      assertEquals("ahead", client.text(5));
      RawHttpConnection.Message asked = blue.requests.element();
      assertEquals("websocket", asked.field("upgrade"));
      assertEquals("k", asked.field("sec-websocket-key"));

      fixture.proxy.switchTo(backend("green", green));
      for (int i = 0; i < 50; i++) {
        client.send("message " + i % 10);
        assertEquals("message " + i % 10, client.text(9));
      }
      assertEquals(1, fixture.stats().open());

      assertEquals(new DrainResult(0, 1), fixture.proxy.drain(SHORT));
      assertEquals("", client.rest());
      assertEquals(1, fixture.stats().targets().http().switched());
    }
  }

  /** A websocket whose service sends some bytes and then waits for the test's end. */
  private static byte[] restAfterDrain(String fromService, boolean serviceEnds) throws Exception {
    var over = new CountDownLatch(1);
    try (var blue =
            new HttpServerFixture((request, connection) -> {
              connection.send(
                  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\n"
                      + "Connection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n"
                      + fromService);
              if (serviceEnds) {
                connection.rest(); // until the proxy ends its stream
              } else {
                Await.forEnd(over);
              }
              return false;
            });
        var fixture = ProxyFixture.opened(HTTP, backend("blue", blue));
        var client = fixture.http()) {
      client.send(
          "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
      assertEquals(101, client.head().status());
      assertEquals(fromService, client.text(fromService.length()));
      assertEquals(new DrainResult(0, 1), fixture.proxy.leave(SHORT));
      byte[] rest = client.in.readAllBytes();
      over.countDown();
      return rest;
    }
  }

  @Test
  void aWebsocketThatIsCutBetweenTwoFramesGetsACloseFrame() throws Exception {
    String frames = "\u0001\u0002ab\u0000\u0003cde"; // two fragments of a message
    byte[] serviceRestart = {(byte) 0x88, 2, 3, (byte) 0xF4};
    assertArrayEquals(serviceRestart, restAfterDrain(frames, true));
    assertArrayEquals(serviceRestart, restAfterDrain(frames, false));
  }

  @Test
  void aWebsocketThatIsCutInsideAFrameReadsTheEndOfTheStream() throws Exception {
    assertArrayEquals(new byte[0], restAfterDrain("\u0001\u0002ab\u0000\u0003cd", true));
  }
}
