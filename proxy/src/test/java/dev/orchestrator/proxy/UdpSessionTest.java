package dev.orchestrator.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.orchestrator.proxy.config.Backend;
import dev.orchestrator.proxy.config.ListenAddress;
import dev.orchestrator.proxy.config.Protocol;
import dev.orchestrator.proxy.config.ProxyOptions;
import dev.orchestrator.proxy.config.Route;
import dev.orchestrator.proxy.config.RouteOptions;
import dev.orchestrator.proxy.testing.Await;
import dev.orchestrator.proxy.testing.ProxyFixture;
import dev.orchestrator.proxy.testing.UdpClient;
import dev.orchestrator.proxy.testing.UdpServerFixture;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How long a client of a udp route has a session, and how many clients have one. */
@Timeout(60)
class UdpSessionTest {
  private static final RouteOptions UDP = RouteOptions.of(Protocol.UDP);
  private static final Duration LONG = Duration.ofSeconds(30);

  private UdpServerFixture blue;

  @BeforeEach
  void start() throws IOException {
    blue = UdpServerFixture.named('b');
  }

  @AfterEach
  void stop() {
    blue.close();
  }

  private static Backend backend(String name, UdpServerFixture server) {
    return ProxyFixture.backend(name, server.port());
  }

  private static UdpClient client(ProxyFixture fixture) throws IOException {
    return new UdpClient(fixture.proxy.port(ProxyFixture.WEB));
  }

  @Test
  void anIdleSessionEnds() throws IOException {
    RouteOptions brief = UDP.withIdleTimeout(Duration.ofSeconds(1));
    try (var fixture = ProxyFixture.opened(brief, backend("blue", blue));
        var client = client(fixture)) {
      assertEquals("ba", client.ask("a"));
      Await.until("it ends", () -> fixture.stats().open() == 0);
      assertEquals(1, fixture.stats().targets().timedOut());
      assertEquals("bb", client.ask("b"));
      assertEquals(2, fixture.stats().total());
    }
  }

  @Test
  void aHeldSessionIsNotIdle() throws IOException {
    // Long enough for the answer at the end on a busy machine, after which it is idle again.
    RouteOptions brief = UDP.withIdleTimeout(Duration.ofSeconds(2));
    try (var fixture = ProxyFixture.opened(brief, backend("blue", blue));
        var idle = client(fixture);
        var held = client(fixture)) {
      assertEquals("ba", idle.ask("a"));
      fixture.proxy.hold(LONG);
      held.send("b");
      fixture.untilHeld(1);
      Await.until("the idle one ends", () -> fixture.stats().open() == 0);
      fixture.proxy.release();
      assertEquals("bb", held.read());
    }
  }

  @Test
  void aClientThatIsIdleMakesRoomForAnother() throws IOException {
    ProxyOptions options = ProxyOptions.defaults().withUdp(2, 100);
    try (var fixture = ProxyFixture.opened(options, UDP, backend("blue", blue));
        var first = client(fixture);
        var second = client(fixture);
        var third = client(fixture)) {
      assertEquals("b1", first.ask("1"));
      assertEquals("b2", second.ask("2"));
      third.send("3"); // nobody has been idle for a second
      Await.until("it is refused", () -> fixture.stats().refused() == 1);
      Await.until(
          "the first has been idle for long enough",
          () -> {
            try {
              third.send("4");
              return fixture.stats().total() == 3;
            } catch (IOException e) {
              throw new AssertionError(e);
            }
          });
      assertEquals("b4", third.read());
      assertEquals("b5", second.ask("5"));
      assertEquals(2, fixture.stats().open());
    }
  }

  @Test
  void aClientWhoseDatagramHasArrivedMakesNoRoom() throws Exception {
    VertxOptions oneLoop =
        new VertxOptions().setPreferNativeTransport(true).setEventLoopPoolSize(1);
    Vertx vertx = Vertx.vertx(oneLoop);
    try (var proxy = Proxy.create(vertx, ProxyOptions.defaults().withUdp(1, 100))) {
      proxy.open(
          List.of(new Route(ProxyFixture.WEB, new ListenAddress("127.0.0.1", 0), UDP)),
          backend("blue", blue));
      try (var known = new UdpClient(proxy.port(ProxyFixture.WEB));
          var other = new UdpClient(proxy.port(ProxyFixture.WEB))) {
        assertEquals("b1", known.ask("1"));
        long answered = System.nanoTime();
        Await.until("it has been idle for long enough", () -> isOver(answered));
        var proceed = new CountDownLatch(1);
        var busy = new CountDownLatch(1);
        // Both are read at once, as the loop is busy until both have arrived.
        vertx.runOnContext(_ -> {
          busy.countDown();
          Await.until("both are sent", () -> proceed.getCount() == 0);
        });
        busy.await();
        known.send("2");
        other.send("3");
        proceed.countDown();
        assertEquals("b2", known.read());
        assertEquals(1, proxy.stats().total().refused());
        assertEquals(1, proxy.stats().total().open());
        assertEquals("b4", known.ask("4"));
      }
    } finally {
      vertx.close().await(10, TimeUnit.SECONDS);
    }
  }

  private static boolean isOver(long sinceNanos) {
    return System.nanoTime() - sinceNanos > TimeUnit.MILLISECONDS.toNanos(1_100);
  }
}
