package dev.orchestrator.health;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.orchestrator.proxy.config.ListenAddress;
import dev.orchestrator.proxy.config.Protocol;
import dev.orchestrator.proxy.config.ProxyProtocol;
import dev.orchestrator.proxy.config.RouteOptions;
import dev.orchestrator.settings.AutoRoutes;
import dev.orchestrator.settings.RouteSettings;
import dev.orchestrator.testing.FreePorts;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Which servers count as alive behind a route. */
@Timeout(60)
class RouteChecksTest {
  private static final RouteOptions TCP = RouteOptions.of(Protocol.TCP);
  private static final RouteOptions HTTP = RouteOptions.of(Protocol.HTTP);

  @Test
  void aTcpServerThatSpeaksFirstOrWaitsIsAlive() throws Exception {
    try (Server greets = greeting();
        Server waits = new Server(socket -> socket.getInputStream().read())) {
      assertEquals(List.of(), check(TCP, greets.port()));
      assertEquals(List.of(), check(TCP, waits.port()));
    }
  }

  /** So does the engine's userland proxy for a service that doesn't listen. */
  @Test
  void aTcpServerThatClosesAtOnceIsDead() throws Exception {
    try (Server closes = new Server(socket -> {});
        Server resets = new Server(socket -> socket.setSoLinger(true, 0))) {
      assertEquals(List.of("a connection is closed at once"), check(TCP, closes.port()));
      assertEquals(1, check(TCP, resets.port()).size());
    }
  }

  @Test
  void aPortWhereNothingListensIsDead() throws Exception {
    assertEquals(List.of("connection refused"), check(TCP, FreePorts.next()));
    assertEquals(List.of("connection refused"), check(HTTP, FreePorts.next()));
  }

  @Test
  void anyHttpAnswerIsAlive() throws Exception {
    try (Server fails = answering("HTTP/1.1 503 Service Unavailable\r\n\r\n")) {
      assertEquals(List.of(), check(HTTP, fails.port()));
    }
  }

  @Test
  void anHttpRouteNeedsAnAnswerInHttp() throws Exception {
    try (Server other = answering("SSH-2.0-OpenSSH\r\n");
        Server closes = answering("")) {
      assertEquals(List.of("an answer that is not HTTP"), check(HTTP, other.port()));
      assertEquals(List.of("a connection is closed without an answer"), check(HTTP, closes.port()));
    }
  }

  /** A file may publish ports on which a service listens only when it is set to. */
  @Test
  void ofTheRoutesThatAFilePublishesOneIsEnoughForAService() throws Exception {
    AutoRoutes routes = new AutoRoutes();
    RouteChecks checks = new RouteChecks(routes);
    routes.set(
        List.of(
            new RouteSettings("web", "127.0.0.1", 80, "web", 80),
            new RouteSettings("tls", "127.0.0.1", 443, "web", 443)));
    int dead = FreePorts.next();
    try (Server alive = greeting()) {
      FakeServiceCapsule capsule = new FakeServiceCapsule();
      assertEquals(
          List.of(), checks.check(capsule, Map.of("web:80", alive.port(), "web:443", dead)));
      assertEquals(2, checks.check(capsule, Map.of("web:80", dead, "web:443", dead)).size());
    }
  }

  @Test
  void everyReplicaIsAsked() throws Exception {
    try (Server alive = greeting()) {
      RouteChecks checks = checks(TCP);
      assertEquals(
          1,
          checks
              .check(
                  new FakeServiceCapsule(),
                  Map.of("web:80", alive.port(), "web:80#2", FreePorts.next()))
              .size());
    }
  }

  @Test
  void aRouteThatIsNotVerifiedOrOfAnotherVersionIsLeftOut() throws Exception {
    RouteSettings idle =
        new RouteSettings("ftp", new ListenAddress("127.0.0.1", 20), "web", 80, TCP, false);
    assertEquals(
        List.of(),
        new RouteChecks(List.of(idle))
            .check(new FakeServiceCapsule(), Map.of("web:80", FreePorts.next())));
    assertEquals(List.of(), checks(TCP).check(new FakeServiceCapsule(), Map.of("db:1", 1)));
  }

  /** A service that expects the header takes a connection without it for broken. */
  @Test
  void theProxyProtocolIsSpokenAsTheProxyDoes() throws Exception {
    CompletableFuture<String> line = new CompletableFuture<>();
    try (Server server =
        new Server(socket ->
            line.complete(
                new String(socket.getInputStream().readNBytes(15), StandardCharsets.US_ASCII)))) {
      check(TCP.withProxyProtocol(ProxyProtocol.V1, false), server.port());
      assertEquals("PROXY UNKNOWN\r\n", line.get(30, TimeUnit.SECONDS));
    }
  }

  /** Serves each connection on a thread of its own, then closes it. */
  private static final class Server implements AutoCloseable {
    interface Service {
      void serve(Socket socket) throws IOException;
    }

    private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());

    Server(Service service) throws IOException {
      Thread.ofVirtual()
          .start(() -> {
            while (!listener.isClosed()) {
              try {
                Socket client = listener.accept();
                Thread.ofVirtual().start(() -> serve(service, client));
              } catch (IOException e) {
                return; // the test has ended
              }
            }
          });
    }

    private static void serve(Service service, Socket client) {
      try (client) {
        service.serve(client);
      } catch (IOException e) {
        // The check has closed the connection, as a client may.
      }
    }

    int port() {
      return listener.getLocalPort();
    }

    @Override
    public void close() throws IOException {
      listener.close();
    }
  }

  private static Server greeting() throws IOException {
    return new Server(socket -> {
      socket.getOutputStream().write('g');
      socket.getInputStream().read();
    });
  }

  private static Server answering(String text) throws IOException {
    return new Server(socket -> {
      readHead(socket);
      socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
    });
  }

  private static void readHead(Socket socket) throws IOException {
    StringBuilder head = new StringBuilder();
    while (!head.toString().endsWith("\r\n\r\n")) {
      head.append((char) socket.getInputStream().read());
    }
  }

  private static RouteChecks checks(RouteOptions options) {
    return new RouteChecks(
        List.of(
            new RouteSettings("shop", new ListenAddress("127.0.0.1", 8080), "web", 80, options)));
  }

  /** The problems, without the address. */
  private static List<String> check(RouteOptions options, int port) {
    return checks(options).check(new FakeServiceCapsule(), Map.of("web:80", port)).stream()
        .map(HealthProblem::brief)
        .map(brief -> brief.replace(" at port 80", ""))
        .toList();
  }
}
