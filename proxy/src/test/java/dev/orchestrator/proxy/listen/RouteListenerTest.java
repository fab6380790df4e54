package dev.orchestrator.proxy.listen;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.proxy.testing.Await;
import dev.orchestrator.proxy.testing.FewDescriptorsMain;
import dev.orchestrator.proxy.testing.ServerFixture;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class RouteListenerTest {
  private static final int DESCRIPTORS = 200;
  private static final int CLIENTS = 1_000;
  private static final String SUPPRESSED = " more warnings not shown";

  @Test
  void withoutFreeDescriptorsAListenerWarnsAndServesOnWhenSomeAreFreeAgain(@TempDir Path dir)
      throws Exception {
    Path output = dir.resolve("output");
    try (var blue = ServerFixture.echo('b')) {
      Process process = proxyWithFewDescriptors(blue.port(), output);
      try {
        Await.until("open", () -> lines(output, "port ").size() == 1);
        int port = Integer.parseInt(lines(output, "port ").getFirst().substring(5));
        try (Socket first = connect(port)) {
          // The first connection loads classes, which takes descriptors too.
          assertEquals('b', first.getInputStream().read());
        }
        List<Socket> clients = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
          clients.add(connect(port));
        }
        Await.until("said", () -> !lines(output, "Too many open files").isEmpty());
        for (Socket each : clients) {
          each.close();
        }
        try (Socket later = connect(port)) {
          assertEquals('b', later.getInputStream().read());
        }
        assertTrue(lines(output, "WARN").size() < 20, () -> lines(output, "").toString());
      } catch (IOException e) {
        throw new AssertionError(lines(output, "").toString(), e);
      } finally {
        process.destroyForcibly();
      }
    }
  }

  @Test
  void withoutFreeDescriptorsAListenerTriesAgainAtOneRateHoweverManyClientsWait(@TempDir Path dir)
      throws Exception {
    Path output = dir.resolve("output");
    try (var blue = ServerFixture.echo('b')) {
      Process process = proxyWithFewDescriptors(blue.port(), output);
      List<Socket> clients = new ArrayList<>();
      try {
        Await.until("open", () -> lines(output, "port ").size() == 1);
        int port = Integer.parseInt(lines(output, "port ").getFirst().substring(5));
        for (int i = 0; i < CLIENTS; i++) {
          clients.add(connect(port));
        }
        int earlier = lines(output, SUPPRESSED).size();
        Await.until("three more seconds", () -> lines(output, SUPPRESSED).size() >= earlier + 3);
        String last = lines(output, SUPPRESSED).getLast();
        int tries = Integer.parseInt(last.replaceFirst(".*\\((\\d+)" + SUPPRESSED + ".*", "$1"));
        assertTrue(tries < 100, () -> "tries in a second: " + last);
      } finally {
        process.destroyForcibly();
        for (Socket each : clients) {
          each.close();
        }
      }
    }
  }

  private static List<String> lines(Path output, String part) {
    try (var lines = Files.lines(output)) {
      return lines.filter(line -> line.contains(part)).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Socket connect(int port) throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
    socket.setSoTimeout((int) Await.LIMIT.toMillis());
    return socket;
  }

  private static Process proxyWithFewDescriptors(int target, Path output) throws IOException {
    Path java = Path.of(System.getProperty("java.home"), "bin", "java");
    return new ProcessBuilder(
            "sh",
            "-c",
            "ulimit -n " + DESCRIPTORS + "; exec \"$@\"",
            "sh",
            java.toString(),
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            FewDescriptorsMain.class.getName(),
            Integer.toString(target))
        .redirectErrorStream(true)
        .redirectOutput(output.toFile())
        .start();
  }
}
