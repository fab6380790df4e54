package dev.orchestrator.health;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import dev.orchestrator.settings.Probe;
import dev.orchestrator.testing.FreePorts;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Probes against real sockets. */
class ProbeRunnerTest {
  private static final Duration TIMEOUT = Duration.ofMillis(500);

  private final Vertx vertx = Vertx.vertx();
  private final ProbeRunner runner = new ProbeRunner(vertx);
  private final HttpServer server = server();

  private static HttpServer server() {
    try {
      return HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @BeforeEach
  void setUp() {
    page("/health", 200, "{\"status\":\"UP\"}");
    page("/app", 200, "<html><div id=root></div></html>");
    page("/moved", 302, "");
    server.start();
  }

  @AfterEach
  void tearDown() throws Exception {
    server.stop(0);
    vertx.close().toCompletionStage().toCompletableFuture().get();
  }

  @Test
  void rightStatusAndBodyPass() {
    assertEquals("", http("/health", 200, "\"status\":\\s*\"UP\""));
    assertEquals("", http("/health", 200, null));
    assertEquals("", http("/moved", 302, null));
  }

  @Test
  void pageOfASinglePageApplicationIsNotHealthy() {
    assertEquals(
        "GET /app at port 80: its body does not match /UP/: <html><div id=root></div></html>",
        http("/app", 200, "UP"));
  }

  @Test
  void wrongStatusSaysWhichOne() {
    assertEquals("GET /gone at port 80: status 404, not 200", http("/gone", 200, null));
    assertEquals("GET /moved at port 80: status 302, not 200", http("/moved", 200, null));
  }

  @Test
  void aRefusedConnectionIsReported() throws IOException {
    int free = FreePorts.next();
    assertEquals(
        "GET / at port 80: connection refused", run(new Probe.Http(80, "/", 200, null), free));
    assertEquals("connection to port 80: connection refused", run(new Probe.Tcp(80), free));
  }

  @Test
  void serverThatAcceptsAndSaysNothingIsLate() throws IOException {
    try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      assertEquals(
          "GET / at port 80: no answer within 500 ms",
          run(new Probe.Http(80, "/", 200, null), silent.getLocalPort()));
      assertEquals("", run(new Probe.Tcp(80), silent.getLocalPort()));
    }
  }

  @Test
  void errorLineOfACommandIsInTheMessage() {
    assertEquals("", run(new Probe.Exec(List.of("true")), 1));
    assertEquals(
        "false -x: exit code 1: it says no", run(new Probe.Exec(List.of("false", "-x")), 1));
  }

  @Test
  void aLongCommandIsCutWhereItMayHoldAPassword() {
    assertEquals(
        "mysql -h 127.0.0.1 …: exit code 1: it says no",
        run(
            new Probe.Exec(
                List.of("mysql", "-h", "127.0.0.1", "--password=secret", "-e", "SELECT 1 FROM t")),
            1));
  }

  @Test
  void portThatTheCapsuleDoesNotHaveIsAnError() {
    Probe probe = new Probe("p", "web", new Probe.Tcp(80), TIMEOUT);
    HealthException e =
        assertThrows(
            HealthException.class, () -> runner.run(new FakeServiceCapsule(), probe, Map.of()));
    assertTrue(String.valueOf(e.getMessage()).contains("no port for web:80"), e.toString());
  }

  private void page(String path, int status, String body) {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    server.createContext(
        path,
        exchange -> {
          exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
          exchange.getResponseBody().write(bytes);
          exchange.close();
        });
  }

  private String http(String path, int status, @Nullable String pattern) {
    Pattern body = pattern == null ? null : Pattern.compile(pattern);
    return run(new Probe.Http(80, path, status, body), server.getAddress().getPort());
  }

  private String run(Probe.Check check, int port) {
    Probe probe = new Probe("p", "web", check, TIMEOUT);
    return runner
        .run(new FakeServiceCapsule(), probe, Map.of("web:80", port))
        .map(HealthProblem::text)
        .orElse("");
  }
}
