package dev.orchestrator.engine;

import static dev.orchestrator.engine.EngineContract.fails;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import dev.orchestrator.engine.EngineException.Kind;
import dev.orchestrator.testing.FreePorts;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class EngineConnectionTest {
  private static final Duration SOON = Duration.ofSeconds(10);

  @Test
  void theAddressIsTheConfiguredOneThenTheEnvironmentsThenTheUsualOne() {
    assertEquals("tcp://a:1", EngineConnection.address(" tcp://a:1 ", "unix:///b"));
    assertEquals("unix:///b", EngineConnection.address("", "unix:///b"));
    assertEquals("unix:///var/run/docker.sock", EngineConnection.address("", ""));
    assertEquals("unix:///var/run/docker.sock", EngineConnection.address("", null));
  }

  @Test
  void theSpokenVersionIsTheOlderOfBoth() {
    assertEquals("1.41", EngineConnection.negotiate("x", "1.41"));
    assertEquals("1.45", EngineConnection.negotiate("x", "1.45"));
    assertEquals("1.47", EngineConnection.negotiate("x", "1.47"));
    assertEquals("1.47", EngineConnection.negotiate("x", "1.52"));
    assertEquals("1.47", EngineConnection.negotiate("x", "2.0"));
  }

  @Test
  void anEngineTooOldIsNamedWithBothVersions() throws IOException {
    try (Stub engine = new Stub("1.40")) {
      EngineException e = fails(Kind.TOO_OLD, () -> DockerEngine.connect(engine.address(), SOON));
      String message = String.valueOf(e.getMessage());
      assertTrue(message.contains("1.40") && message.contains("1.41"), message);
      assertTrue(message.contains(engine.address()), message);
    }
  }

  @Test
  void noEngineNamesTheAddress(@TempDir Path dir) throws IOException {
    String missing = "unix://" + dir.resolve("none.sock");
    EngineException e = fails(Kind.UNREACHABLE, () -> DockerEngine.connect(missing, SOON));
    assertTrue(String.valueOf(e.getMessage()).contains(missing), e::toString);
    int closed = FreePorts.next();
    fails(Kind.UNREACHABLE, () -> DockerEngine.connect("tcp://127.0.0.1:" + closed, SOON));
    fails(Kind.UNREACHABLE, () -> DockerEngine.connect("ssh://host", SOON));
  }

  @Test
  void anEngineThatNeverAnswersRunsIntoTheDeadline(@TempDir Path dir) throws IOException {
    Path socket = dir.resolve("hangs.sock");
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(socket));
      EngineException e =
          fails(
              Kind.TIMEOUT, () -> DockerEngine.connect("unix://" + socket, Duration.ofMillis(300)));
      assertTrue(String.valueOf(e.getMessage()).contains("300 ms"), e::toString);
    }
  }

  @Test
  void theEnginesOwnMessageIsPassedOn() throws IOException {
    try (Stub stub = new Stub("1.41");
        DockerEngine engine = DockerEngine.connect(stub.address(), SOON)) {
      EngineException e = fails(Kind.CONFLICT, () -> engine.startContainer("green"));
      assertEquals("starting container green: no luck / today", e.getMessage());
    }
  }

  @Test
  void aContainerThatCouldNotBeFrozenIsTriedAgain() throws IOException {
    String words = "Cannot pause container 1: OCI runtime pause failed: unable to freeze: unknown";
    try (Stub stub = new Stub("1.41", 500, words, 2);
        DockerEngine engine = DockerEngine.connect(stub.address(), SOON)) {
      engine.pauseContainer("blue");
      assertEquals(3, stub.asked.get());
    }
    try (Stub stub = new Stub("1.41", 500, "Cannot pause container 1: no freezer", 2);
        DockerEngine engine = DockerEngine.connect(stub.address(), SOON)) {
      fails(Kind.REFUSED, () -> engine.pauseContainer("blue"));
      assertEquals(1, stub.asked.get());
    }
  }

  /** Answers every ping, and everything else with a failure, the first times or always. */
  private static final class Stub implements AutoCloseable {
    private final AtomicInteger asked = new AtomicInteger();
    private final HttpServer server;

    Stub(String api) throws IOException {
      this(api, 409, "no luck\\ntoday", Integer.MAX_VALUE);
    }

    Stub(String api, int code, String words, int failures) throws IOException {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
      server.createContext(
          "/",
          exchange -> {
            boolean fails =
                !exchange.getRequestURI().getPath().equals("/_ping")
                    && asked.incrementAndGet() <= failures;
            byte[] body = (fails ? "{\"message\":\"%s\"}".formatted(words) : "OK").getBytes(UTF_8);
            exchange.getResponseHeaders().add("Api-Version", api);
            exchange.sendResponseHeaders(fails ? code : 200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
          });
      server.start();
    }

    String address() {
      return "tcp://127.0.0.1:" + server.getAddress().getPort();
    }

    @Override
    public void close() {
      server.stop(0);
    }
  }
}
