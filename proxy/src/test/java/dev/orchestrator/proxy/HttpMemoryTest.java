package dev.orchestrator.proxy;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.proxy.testing.Await;
import dev.orchestrator.proxy.testing.HttpServerFixture;
import dev.orchestrator.proxy.testing.RawHttpConnection;
import dev.orchestrator.proxy.testing.ServerFixture;
import dev.orchestrator.proxy.testing.SmallHeapMain;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the memory of a proxy with a small heap is used for, and given back. */
@Tag("long")
@Timeout(240)
class HttpMemoryTest {
  private static final int CLIENTS = 9_000;
  private static final int IDLE_CLIENTS = 4_000;

  /**
   * 60 KiB of fields, which are many and short in one half of the requests, and one in the other.
   */
  private static final List<String> REQUESTS =
      List.of(
          "GET / HTTP/1.1\r\nHost: a\r\nCookie: " + "c".repeat(60 << 10) + "\r\n\r\n",
          "GET / HTTP/1.1\r\nHost: a\r\n" + "X-Field: 7\r\n".repeat((60 << 10) / 12) + "\r\n");

  @Test
  void nineThousandHeldRequestsOf60KibNeitherEndTheProcessNorLoseAnAcceptedRequest()
      throws Exception {
    try (var blue = HttpServerFixture.named("v1")) {
      Process process = proxyWithSmallHeap(blue.port());
      List<RawHttpConnection> clients = new ArrayList<>();
      try (BufferedReader output = process.inputReader(US_ASCII)) {
        int port = Integer.parseInt(answer(output));
        for (int i = 0; i < CLIENTS; i++) {
          RawHttpConnection client = connect(port);
          client.send(REQUESTS.get(i % REQUESTS.size()));
          clients.add(client);
        }
        int[] heldAndRefused = new int[2];
        Await.until(
            "every request is held or refused",
            () -> {
              String[] figures = ask(process, output, "stats").split(" ", -1);
              heldAndRefused[0] = Integer.parseInt(figures[0]);
              heldAndRefused[1] = Integer.parseInt(figures[1]);
              return heldAndRefused[0] + heldAndRefused[1] == CLIENTS;
            });
        // A sixteenth of the bound each at the most, with thousands of fields; how many of which
        // kind
        // come first depends on the machine.
        assertTrue(heldAndRefused[0] >= 10, () -> heldAndRefused[0] + " held");
        assertEquals("released", ask(process, output, "release"));
        int served = 0;
        int refused = 0;
        for (RawHttpConnection client : clients) {
          int status = client.read().status();
          served += status == 200 ? 1 : 0;
          refused += status == 503 ? 1 : 0;
        }
        assertEquals(heldAndRefused[0], served);
        assertEquals(heldAndRefused[1], refused);
        try (var later = connect(port)) {
          later.send(REQUESTS.getFirst());
          assertEquals("v1", later.read().body());
        }
      } finally {
        process.destroyForcibly();
        for (RawHttpConnection client : clients) {
          client.close();
        }
      }
    }
  }

  @Test
  void idleConnectionsDoNotKeepTheMemoryOfTheirLargeRequests() throws Exception {
    try (var blue = HttpServerFixture.named("v1")) {
      Process process = proxyWithSmallHeap(blue.port());
      List<RawHttpConnection> clients = new ArrayList<>();
      try (BufferedReader output = process.inputReader(US_ASCII)) {
        int port = Integer.parseInt(answer(output));
        assertEquals("released", ask(process, output, "release"));
        for (int i = 0; i < IDLE_CLIENTS; i++) {
          RawHttpConnection client = connect(port);
          clients.add(client);
          client.send(REQUESTS.getFirst());
          assertEquals(200, client.read().status());
        }
        for (RawHttpConnection client : clients) {
          client.get("/");
          assertEquals(200, client.read().status());
        }
      } finally {
        process.destroyForcibly();
        for (RawHttpConnection client : clients) {
          client.close();
        }
      }
    }
  }

  @Test
  void aTunnelWhoseTargetHasGoneLeavesNoBufferBehind() throws Exception {
    try (var blue =
        new ServerFixture(socket -> {
          new RawHttpConnection(socket).head();
          socket
              .getOutputStream()
              .write(
                  "HTTP/1.1 101 OK\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"
                      .getBytes(US_ASCII));
        })) {
      Process process = proxyWithSmallHeap(blue.port());
      try (BufferedReader output = process.inputReader(US_ASCII)) {
        int port = Integer.parseInt(answer(output));
        assertEquals("released", ask(process, output, "release"));
        for (int i = 0; i < 300; i++) {
          try (var client = connect(port)) {
            client.send(
                "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"
                    + "sent ahead, into the tunnel");
            readToTheEnd(client);
          }
        }
        Await.until("all buffers are released", () -> ask(process, output, "buffers").equals("0"));
      } finally {
        process.destroyForcibly();
      }
    }
  }

  /** The end of a stream or a reset. */
  private static void readToTheEnd(RawHttpConnection client) {
    try {
      client.rest();
    } catch (IOException e) {
      assertEquals("Connection reset", e.getMessage());
    }
  }

  private static RawHttpConnection connect(int port) throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
    socket.setSoTimeout((int) Await.LIMIT.toMillis());
    return new RawHttpConnection(socket);
  }

  private static String ask(Process process, BufferedReader output, String command) {
    try {
      process.outputWriter(US_ASCII).append(command).append('\n').flush();
      return answer(output);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The next line of output that is not from the log. */
  private static String answer(BufferedReader output) throws IOException {
    String line = output.readLine();
    while (line != null && !line.startsWith("= ")) {
      line = output.readLine();
    }
    if (line == null) {
      throw new IOException("the proxy's process has ended");
    }
    return line.substring(2);
  }

  private static Process proxyWithSmallHeap(int target) throws IOException {
    Path java = Path.of(System.getProperty("java.home"), "bin", "java");
    return new ProcessBuilder(
            java.toString(),
            "--enable-native-access=ALL-UNNAMED",
            "-Xmx128m",
            "-Dio.netty.allocator.type=pooled", // which tells the bytes in use
            "-XX:+ExitOnOutOfMemoryError",
            "-cp",
            System.getProperty("java.class.path"),
            SmallHeapMain.class.getName(),
            Integer.toString(target))
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }
}
