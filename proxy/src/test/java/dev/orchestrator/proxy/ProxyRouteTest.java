package dev.orchestrator.proxy;

import static dev.orchestrator.proxy.testing.ProxyFixture.backend;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.proxy.config.Backend;
import dev.orchestrator.proxy.config.ListenAddress;
import dev.orchestrator.proxy.config.Protocol;
import dev.orchestrator.proxy.config.Route;
import dev.orchestrator.proxy.config.RouteOptions;
import dev.orchestrator.proxy.config.Target;
import dev.orchestrator.proxy.gate.DrainResult;
import dev.orchestrator.proxy.stats.ProxyStats;
import dev.orchestrator.proxy.stats.RouteStats;
import dev.orchestrator.proxy.testing.Await;
import dev.orchestrator.proxy.testing.HttpServerFixture;
import dev.orchestrator.proxy.testing.ProxyFixture;
import dev.orchestrator.proxy.testing.ServerFixture;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Port ranges, previews, the idle time-out, and the figures of each backend. */
@Timeout(60)
class ProxyRouteTest {
  private static final RouteOptions TCP = RouteOptions.of(Protocol.TCP);

  @Test
  void eachPortOfARangeLeadsToItsOwnTarget() throws Exception {
    int first = freeRange(3);
    try (var a = ServerFixture.echo('a');
        var b = ServerFixture.echo('b');
        var c = ServerFixture.echo('c');
        var fixture = new ProxyFixture()) {
      List<Target> targets =
          List.of(a, b, c).stream().map(each -> new Target("127.0.0.1", each.port())).toList();
      Route route = new Route("web", new ListenAddress("127.0.0.1", first, first + 2), TCP);
      fixture.proxy.open(List.of(route), new Backend("blue", Map.of("web", targets)));
      String seen = "";
      for (int i = 0; i < 3; i++) {
        try (Socket client = new Socket(InetAddress.getLoopbackAddress(), first + i)) {
          seen += (char) client.getInputStream().read();
        }
      }
      assertEquals("abc", seen);
      var e =
          assertThrows(
              IllegalArgumentException.class,
              () ->
                  fixture.proxy.switchTo(
                      new Backend("green", Map.of("web", targets.subList(0, 2)))));
      assertEquals("green has 2 targets for the 3 ports of route web", e.getMessage());
    }
  }

  /** A range below the ports that the kernel gives to clients. */
  private static int freeRange(int size) {
    for (int first = 20_000; first < 32_000; first += size) {
      if (IntStream.range(first, first + size).allMatch(ProxyRouteTest::isFree)) {
        return first;
      }
    }
    throw new AssertionError("no free range");
  }

  private static boolean isFree(int port) {
    try (ServerSocket probe = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
      return probe.isBound();
    } catch (IOException e) {
      return false;
    }
  }

  private static <T> T get(Map<String, T> map, String key) {
    return Objects.requireNonNull(map.get(key));
  }

  @Test
  void aPreviewLeadsToTheCandidateAndOnlyThere() throws Exception {
    RouteOptions previewed = TCP.withPreview(new ListenAddress("127.0.0.1", 0));
    try (var blue = ServerFixture.echo('b');
        var green = ServerFixture.echo('g');
        var fixture = ProxyFixture.opened(previewed, backend("blue", blue))) {
      int port = fixture.proxy.previewPort("web");
      assertEquals(-1, firstByte(port)); // no candidate yet
      fixture.proxy.preview(backend("green", green));
      assertEquals('g', firstByte(port));
      assertEquals('b', firstByte(fixture.proxy.port("web")));

      Await.until(
          "the first client has gone",
          () -> get(fixture.proxy.stats().routes(), "web").open() == 0);
      fixture.proxy.hold(Duration.ofMinutes(1)); // a preview is not held
      try (Socket client = new Socket(InetAddress.getLoopbackAddress(), port)) {
        assertEquals('g', client.getInputStream().read());
        assertEquals(new DrainResult(0, 0), fixture.proxy.drain(Duration.ZERO));
        fixture.proxy.switchTo(backend("green", green));
        fixture.proxy.preview(backend("blue", blue)); // cuts the connection to the other backend
        assertEquals(-1, client.getInputStream().read());
      }
      assertEquals('b', firstByte(port));
      assertEquals('g', firstByte(fixture.proxy.port("web")));
      assertEquals(2, fixture.stats().total());
      assertEquals(4, get(fixture.proxy.stats().previews(), "web").total());
      fixture.proxy.preview(null);
      assertEquals(-1, firstByte(port));
    }
  }

  @Test
  void figuresOfATargetAreAddedUpOverTheRoutes() throws Exception {
    try (var a = ServerFixture.echo('a');
        var b = ServerFixture.echo('b');
        var fixture = new ProxyFixture()) {
      fixture.proxy.open(
          List.of(
              new Route("web", new ListenAddress("127.0.0.1", 0), TCP),
              new Route("mail", new ListenAddress("127.0.0.1", 0), TCP)),
          new Backend(
              "blue",
              Map.of(
                  "web", List.of(new Target("127.0.0.1", a.port())),
                  "mail", List.of(new Target("127.0.0.1", b.port())))));
      assertEquals('a', firstByte(fixture.proxy.port("web")));
      assertEquals('b', firstByte(fixture.proxy.port("mail")));
      assertEquals('b', firstByte(fixture.proxy.port("mail")));
      ProxyStats stats = fixture.proxy.stats();
      assertEquals(3, get(stats.total().byTarget(), "blue").total());
      assertEquals(2, get(get(stats.routes(), "mail").byTarget(), "blue").total());
    }
  }

  private static int firstByte(int port) throws IOException {
    try (Socket client = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return client.getInputStream().read();
    }
  }

  @Test
  void aConnectionOnWhichNothingMovesIsClosedAfterTheIdleTime() throws Exception {
    RouteOptions idle = TCP.withTimeouts(Duration.ofMillis(400), Duration.ofSeconds(30));
    try (var blue = ServerFixture.echo('b');
        var fixture = ProxyFixture.opened(idle, backend("blue", blue));
        Socket still = fixture.connect();
        Socket busy = fixture.connect()) {
      assertEquals('b', still.getInputStream().read());
      assertEquals('b', busy.getInputStream().read());
      Thread reader =
          Thread.ofVirtual()
              .start(() -> {
                try {
                  assertEquals(-1, still.getInputStream().read());
                } catch (IOException e) {
                  throw new AssertionError(e);
                }
              });
      while (reader.isAlive()) {
        busy.getOutputStream().write(1);
        assertEquals(1, busy.getInputStream().read());
      }
      assertEquals(1, fixture.stats().targets().timedOut());
      busy.getOutputStream().write(2);
      assertEquals(2, busy.getInputStream().read());
    }
  }

  @Test
  void figuresAreKeptForEachTarget() throws Exception {
    try (var blue = HttpServerFixture.named("v1");
        var green = HttpServerFixture.named("four");
        var fixture = ProxyFixture.opened(RouteOptions.of(Protocol.HTTP), backend("blue", blue));
        var client = fixture.http()) {
      client.get("/");
      client.read();
      fixture.proxy.switchTo(backend("green", green));
      client.get("/");
      client.read();
      client.get("/");
      client.read();
      RouteStats stats = get(fixture.proxy.stats().routes(), "web");
      assertEquals(1, get(stats.byTarget(), "blue").http().success());
      assertEquals(2, get(stats.byTarget(), "green").http().success());
      assertEquals(3, stats.targets().http().success());
      assertTrue(stats.targets().http().p50().isPositive());
      assertTrue(get(stats.byTarget(), "green").bytesOut() > 2 * 4);
      for (int i = 0; i < 30; i++) {
        fixture.proxy.switchTo(backend("backend " + i, green));
        client.get("/");
        client.read();
      }
      stats = get(fixture.proxy.stats().routes(), "web");
      assertEquals(33, stats.targets().http().success());
      assertTrue(stats.byTarget().size() <= 12, () -> "all of them");
    }
  }
}
