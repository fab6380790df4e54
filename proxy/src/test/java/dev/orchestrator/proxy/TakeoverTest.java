package dev.orchestrator.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.proxy.testing.Await;
import dev.orchestrator.proxy.testing.FreePorts;
import dev.orchestrator.proxy.testing.HttpServerFixture;
import dev.orchestrator.proxy.testing.RawHttpConnection;
import dev.orchestrator.proxy.testing.TakeoverPeerMain;
import dev.orchestrator.proxy.testing.UdpClient;
import dev.orchestrator.proxy.testing.UdpServerFixture;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** One process takes over from another while clients connect all the time. */
@Tag("long") // four JVMs
@Timeout(120)
class TakeoverTest {
  @TempDir Path dir;
  private final List<Process> processes = new ArrayList<>();
  private HttpServerFixture target;
  private UdpServerFixture udpTarget;
  private int tcp;
  private int http;

  @BeforeEach
  void start() throws IOException {
    target = HttpServerFixture.named("blue");
    udpTarget = UdpServerFixture.named('b');
    tcp = FreePorts.next();
    http = FreePorts.next();
  }

  @AfterEach
  void stop() throws IOException {
    processes.forEach(Process::destroyForcibly);
    target.close();
    udpTarget.close();
  }

  @Test
  void noConnectionIsRefusedOrLostWhileTheListenersChangeHands() throws Exception {
    Process old = peer("old", "1");
    await("1", "offers");
    var done = new AtomicBoolean();
    var exchanges = new AtomicLong();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor();
        AutoCloseable _ = () -> done.set(true); // or the executor's close would wait for ever
        var kept = connect(tcp);
        var keptHttp = connect(http)) {
      keptHttp.get("/");
      assertEquals("blue", keptHttp.read().body());
      List<Future<Void>> clients = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        int port = i % 2 == 0 ? tcp : http;
        clients.add(threads.submit(() -> client(port, done, exchanges)));
      }
      clients.add(threads.submit(() -> udpClient(done, exchanges)));
      Await.until("clients are served", () -> exchanges.get() > 200);

      peer("new", "2");
      await("2", "serving");

      long before = exchanges.get();
      Await.until("clients are served by the new one", () -> exchanges.get() > before + 400);
      assertTrue(old.isAlive()); // two of its clients are still there
      kept.get("/"); // on the connection to the old process
      assertEquals("blue", kept.read().body());
      // The old process is told of the new one a moment later than this test.
      Await.until(
          "it is told to come again, to the new one", () -> "close".equals(answer(keptHttp)));
      assertEquals("", keptHttp.rest());
      kept.socket.close();
      assertTrue(old.waitFor(30, TimeUnit.SECONDS));
      assertEquals(1, lines("1", "cut=0]").size(), () -> lines("1", "").toString());
      await("2", "alone");
      done.set(true);
      for (Future<Void> each : clients) {
        each.get(30, TimeUnit.SECONDS);
      }
    }
  }

  /** The field Connection of the next response. */
  private static String answer(RawHttpConnection client) {
    try {
      client.get("/");
      RawHttpConnection.Message answer = client.read();
      assertEquals("blue", answer.body());
      return answer.field("connection");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void aNewProcessThatDiesLeavesTheOldOneServing() throws Exception {
    peer("old", "1");
    await("1", "offers");
    Process broken = peer("broken", "2");
    assertTrue(broken.waitFor(30, TimeUnit.SECONDS));
    await("1", "abandoned");
    for (int i = 0; i < 50; i++) {
      try (var client = connect(i % 2 == 0 ? tcp : http)) {
        client.get("/");
        assertEquals("blue", client.read().body());
      }
    }
    peer("new", "3");
    await("3", "alone");
    try (var client = connect(tcp)) {
      client.get("/");
      assertEquals("blue", client.read().body());
    }
  }

  private static Void client(int port, AtomicBoolean done, AtomicLong exchanges)
      throws IOException {
    while (!done.get()) {
      try (var client = connect(port)) {
        client.get("/");
        assertEquals("blue", client.read().body());
      }
      exchanges.incrementAndGet();
    }
    return null;
  }

  /** One session from the beginning to the end: it waits for each answer. */
  private Void udpClient(AtomicBoolean done, AtomicLong exchanges) throws IOException {
    try (var client = new UdpClient(tcp)) {
      for (int i = 0; !done.get(); i++) {
        assertEquals("b" + i, client.ask("" + i));
        exchanges.incrementAndGet();
      }
    }
    return null;
  }

  private static RawHttpConnection connect(int port) throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
    socket.setSoTimeout((int) Await.LIMIT.toMillis());
    return new RawHttpConnection(socket);
  }

  private void await(String name, String word) {
    Await.until(name + " says " + word, () -> !lines(name, word).isEmpty());
  }

  private List<String> lines(String name, String part) {
    try (var lines = Files.lines(dir.resolve(name))) {
      return lines.filter(line -> line.contains(part)).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Process peer(String role, String output) throws IOException {
    Path java = Path.of(System.getProperty("java.home"), "bin", "java");
    Process process =
        new ProcessBuilder(
                java.toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                TakeoverPeerMain.class.getName(),
                role,
                dir.resolve("s").toString(),
                Integer.toString(tcp),
                Integer.toString(http),
                Integer.toString(target.port()),
                Integer.toString(udpTarget.port()))
            .redirectErrorStream(true)
            .redirectOutput(dir.resolve(output).toFile())
            .start();
    processes.add(process);
    return process;
  }
}
