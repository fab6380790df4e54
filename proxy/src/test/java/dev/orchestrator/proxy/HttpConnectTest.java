package dev.orchestrator.proxy;

import static dev.orchestrator.proxy.testing.ProxyFixture.backend;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.proxy.config.Protocol;
import dev.orchestrator.proxy.config.ProxyOptions;
import dev.orchestrator.proxy.config.RouteOptions;
import dev.orchestrator.proxy.testing.Await;
import dev.orchestrator.proxy.testing.FreePorts;
import dev.orchestrator.proxy.testing.HttpServerFixture;
import dev.orchestrator.proxy.testing.ProxyFixture;
import dev.orchestrator.proxy.testing.RawHttpConnection;
import dev.orchestrator.proxy.testing.ServerFixture;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** An http route whose target does not listen, or closes while it is used. */
@Timeout(60)
class HttpConnectTest {
  private static final RouteOptions HTTP = RouteOptions.of(Protocol.HTTP);
  private static final ProxyOptions QUICK =
      ProxyOptions.defaults().withConnectTimes(Duration.ofSeconds(1), Duration.ofMillis(300));

  @Test
  void aTargetThatDoesNotListenWithinTheBoundIsA502() throws Exception {
    try (var fixture = ProxyFixture.opened(QUICK, HTTP, backend("blue", FreePorts.next()));
        var client = fixture.http()) {
      client.get("/");
      assertEquals(502, client.read().status());
      assertTrue(fixture.stats().connectFailures() > 3);
      assertEquals(1, fixture.stats().refused());
    }
  }

  /** It waited for as long as it would: it got nothing, like one that waited to the end. */
  @Test
  void aClientThatLeavesWhileItsTargetRefusesCountsAsNotServed() throws Exception {
    try (var fixture = ProxyFixture.opened(HTTP, backend("blue", FreePorts.next()))) {
      try (var client = fixture.http()) {
        client.get("/");
        Await.until("some attempts failed", () -> fixture.stats().connectFailures() > 3);
        client.socket.setSoLinger(true, 0);
      }
      Await.until("the client has left", () -> fixture.stats().gaveUp() == 1);
      assertEquals(1, fixture.stats().targets().unserved());
    }
  }

  @Test
  void aTargetThatIsJustAboutToListenIsWaitedFor() throws Exception {
    int port = FreePorts.next();
    try (var fixture = ProxyFixture.opened(HTTP, backend("blue", port));
        var client = fixture.http()) {
      client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");
      Await.until("some attempts failed", () -> fixture.stats().connectFailures() > 3);
      try (var _ =
          new ServerFixture(
              port,
              socket -> {
                var connection = new RawHttpConnection(socket);
                connection.send(HttpServerFixture.answer(connection.read().body()));
              })) {
        assertEquals("hi", client.read().body());
      }
    }
  }

  @Test
  void whenTheTargetClosesAnIdleConnectionAsItIsUsedTheRequestIsRepeated() throws Exception {
    // The target reads the second request of a connection and closes without a response.
    var served = new AtomicInteger();
    try (var blue =
            new ServerFixture(socket -> {
              var connection = new RawHttpConnection(socket);
              connection.read();
              connection.send(HttpServerFixture.answer("v1"));
              connection.read();
              served.incrementAndGet();
            });
        var fixture = ProxyFixture.opened(HTTP, backend("blue", blue));
        var client = fixture.http()) {
      for (int i = 0; i < 6; i++) {
        client.get("/");
        assertEquals("v1", client.read().body());
      }
      assertEquals(5, served.get());
      assertEquals(5, fixture.stats().retries());
    }
  }

  @Test
  void aRequestThatIsNotSafeToRepeatNeverUsesAnIdleConnection() throws Exception {
    try (var blue = HttpServerFixture.named("v1");
        var fixture = ProxyFixture.opened(HTTP, backend("blue", blue));
        var client = fixture.http()) {
      for (int i = 0; i < 3; i++) {
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
        assertEquals("v1", client.read().body());
        client.get("/");
        assertEquals("v1", client.read().body());
      }
      assertEquals(3, blue.server.accepted.get());
    }
  }

  @Test
  void connectionsOfRequestsThatAreNotSafeToRepeatDontPileUpAtTheTarget() throws Exception {
    try (var blue = HttpServerFixture.named("v1");
        var fixture = ProxyFixture.opened(HTTP, backend("blue", blue));
        var client = fixture.http()) {
      for (int i = 0; i < 20; i++) {
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
        assertEquals("v1", client.read().body());
      }
      assertEquals(20, blue.server.accepted.get());
      Await.until("one is kept", () -> fixture.stats().open() == 1);
    }
  }

  @Test
  void aRequestThatIsNotSafeToRepeatIsSentOnceAndItsFailureTold() throws Exception {
    var seen = new AtomicInteger();
    try (var blue =
            new HttpServerFixture((request, connection) -> {
              seen.incrementAndGet();
              return false;
            });
        var fixture = ProxyFixture.opened(QUICK, HTTP, backend("blue", blue))) {
      try (var client = fixture.http()) {
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
        assertEquals(502, client.read().status());
        assertEquals(1, seen.get());
      }
      try (var client = fixture.http()) {
        client.get("/"); // repeated within the bound
        assertEquals(502, client.read().status());
        assertTrue(seen.get() > 3);
      }
    }
  }
}
