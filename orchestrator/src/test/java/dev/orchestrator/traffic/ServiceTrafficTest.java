package dev.orchestrator.traffic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.proxy.config.Backend;
import dev.orchestrator.proxy.config.Target;
import dev.orchestrator.proxy.listen.InheritedSockets;
import dev.orchestrator.settings.RouteSettings;
import dev.orchestrator.testing.FreePorts;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The routes of several stacks, and routes that change while clients use them. */
@Timeout(60)
class ServiceTrafficTest {
  private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();
  private static final Duration HOLD = Duration.ofSeconds(20);

  private final Vertx vertx = Vertx.vertx(new VertxOptions().setPreferNativeTransport(true));
  private final ServiceTraffic traffic = new ServiceTraffic(vertx, InheritedSockets.none());
  private ServerSocket target;

  @BeforeEach
  void listen() throws IOException {
    target = new ServerSocket(0, 50, LOOPBACK);
    Thread.ofVirtual().start(this::acceptClients);
  }

  private void acceptClients() {
    try {
      while (!target.isClosed()) {
        Socket client = target.accept();
        Thread.ofVirtual().start(() -> echo(client));
      }
    } catch (IOException e) {
      assertTrue(target.isClosed(), e.toString());
    }
  }

  private static void echo(Socket client) {
    try (client) {
      long _ = client.getInputStream().transferTo(client.getOutputStream());
    } catch (IOException e) {
      // The client has gone: what it missed, its own assertions tell.
    }
  }

  @AfterEach
  void close() throws IOException {
    traffic.close();
    vertx.close().await();
    target.close();
  }

  private static RouteSettings route(String name, int port) {
    return new RouteSettings(name, "127.0.0.1", port, name, 80);
  }

  private Backend backend(String... routes) {
    List<Target> targets = List.of(new Target("127.0.0.1", target.getLocalPort()));
    return new Backend(
        "blue", Arrays.stream(routes).collect(Collectors.toMap(name -> name, name -> targets)));
  }

  private ProxyTraffic serve(String stack, RouteSettings... routes) {
    ProxyTraffic opened = traffic.of(stack, List.of(routes));
    opened.open(HOLD);
    opened.switchTo(
        backend(List.of(routes).stream().map(RouteSettings::name).toArray(String[]::new)));
    return opened;
  }

  private static Socket connect(int port) throws IOException {
    Socket client = new Socket(LOOPBACK, port);
    client.setSoTimeout(20_000);
    return client;
  }

  private static void assertEcho(Socket client) throws IOException {
    client.getOutputStream().write('x');
    assertEquals('x', client.getInputStream().read());
  }

  @Test
  void unchangedRoutesStayWhatTheyAre() throws IOException {
    int port = FreePorts.next();
    ProxyTraffic before = serve("shop", route("web", port));
    assertSame(before, traffic.of("shop", List.of(route("web", port))));
  }

  @Test
  void routesChangeWhileClientsConnectAndTheirConnectionsEndInTheirTime() throws Exception {
    int kept = FreePorts.next();
    int dropped = FreePorts.next();
    int added = FreePorts.next();
    int other = FreePorts.next();
    serve("shop", route("web", kept), route("old", dropped));
    serve("blog", route("web", other));
    try (Socket open = connect(kept)) {
      assertEcho(open);
      serve("shop", route("web", kept), route("new", added));
      try (Socket between = connect(kept)) {
        assertEcho(between);
      }
      traffic.dropReplaced("shop", Duration.ofSeconds(20));
      assertEcho(open);
      for (int port : new int[] {kept, added, other}) {
        try (Socket client = connect(port)) {
          assertEcho(client);
        }
      }
    }
    // The old routes are closed when their last connection has ended.
    long end = System.nanoTime() + HOLD.toNanos();
    ConnectException refused = null;
    while (refused == null && System.nanoTime() < end) {
      try (Socket client = connect(dropped)) {
        client.getOutputStream().flush();
      } catch (ConnectException e) {
        refused = e;
      } catch (SocketException e) {
        // The listener closed between this client's handshake and its accept: the next is refused.
      }
    }
    assertThrows(ConnectException.class, () -> connect(dropped));
    assertEquals(List.of(), traffic.waitingStacks());
  }

  @Test
  void routesThatCannotOpenLeaveThoseThatWereThere() throws Exception {
    int kept = FreePorts.next();
    try (ServerSocket taken = new ServerSocket(0, 1, LOOPBACK)) {
      serve("shop", route("web", kept));
      assertThrows(
          RefusedException.class,
          () -> serve("shop", route("web", kept), route("new", taken.getLocalPort())));
      traffic.restoreReplaced("shop");
      try (Socket client = connect(kept)) {
        assertEcho(client);
      }
    }
  }

  @Test
  void aStackThatIsRemovedRefusesAndTheOthersServe() throws Exception {
    int shop = FreePorts.next();
    int blog = FreePorts.next();
    serve("shop", route("web", shop));
    serve("blog", route("web", blog));
    traffic.remove("shop");
    assertThrows(ConnectException.class, () -> connect(shop));
    try (Socket client = connect(blog)) {
      assertEcho(client);
    }
  }

  @Test
  void aStackWhoseRoutesLeadNowhereIsNamed() throws Exception {
    serve("shop", route("web", FreePorts.next()));
    traffic.of("blog", List.of(route("web", FreePorts.next()))).open(HOLD);
    assertEquals(List.of("blog"), traffic.waitingStacks());
  }

  @Test
  void stacksExchangeTheirPortsWhileClientsConnect() throws Exception {
    int shop = FreePorts.next();
    int blog = FreePorts.next();
    serve("shop", route("web", shop));
    serve("blog", route("web", blog));
    Set<String> changing = Set.of("shop", "blog");
    for (String stack : List.of("shop", "blog")) {
      int port = stack.equals("shop") ? blog : shop;
      ProxyTraffic next = traffic.of(stack, List.of(route("web", port)), changing);
      next.open(HOLD);
      assertAllServe(shop, blog);
      next.switchTo(backend("web"));
      assertAllServe(shop, blog);
    }
    ProxyTraffic newShop = traffic.of("shop", List.of(route("web", blog)));
    for (String stack : changing) {
      traffic.dropReplaced(stack, HOLD);
    }
    // The old routes accept no more when they leave: the new ones have what comes then.
    long end = System.nanoTime() + HOLD.toNanos();
    long before = newShop.routes().getFirst().total();
    while (newShop.routes().getFirst().total() < before + 10 && System.nanoTime() < end) {
      assertAllServe(shop, blog);
    }
    assertTrue(newShop.routes().getFirst().total() >= before + 10);
  }

  private static void assertAllServe(int... ports) throws IOException {
    for (int port : ports) {
      try (Socket client = connect(port)) {
        assertEcho(client);
      }
    }
  }
}
