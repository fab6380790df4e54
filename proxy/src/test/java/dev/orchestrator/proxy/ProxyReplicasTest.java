package dev.orchestrator.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.proxy.config.Backend;
import dev.orchestrator.proxy.config.Protocol;
import dev.orchestrator.proxy.config.RouteOptions;
import dev.orchestrator.proxy.config.Target;
import dev.orchestrator.proxy.testing.HttpServerFixture;
import dev.orchestrator.proxy.testing.ProxyFixture;
import dev.orchestrator.proxy.testing.RawHttpConnection;
import dev.orchestrator.proxy.testing.ServerFixture;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A service with replicas, which listen at consecutive ports. */
@Timeout(60)
class ProxyReplicasTest {
  private static final RouteOptions HTTP = RouteOptions.of(Protocol.HTTP);

  @Test
  void connectionsGoToTheReplicasInTurn() throws Exception {
    int first = consecutivePorts();
    try (var _ = greeting(first, 'a');
        var _ = greeting(first + 1, 'b');
        var fixture = ProxyFixture.opened(twoReplicas(first))) {
      assertEquals(Map.of('a', 5, 'b', 5), greetings(fixture, 10));
    }
  }

  @Test
  void aReplicaThatDoesNotListenCostsNoClientItsConnection() throws Exception {
    int first = consecutivePorts();
    try (var _ = greeting(first + 1, 'b');
        var fixture = ProxyFixture.opened(twoReplicas(first))) {
      assertEquals(Map.of('b', 10), greetings(fixture, 10));
      assertEquals(0, fixture.stats().refused());
      assertTrue(fixture.stats().connectFailures() > 0);
    }
  }

  /** One connection of a client, whose requests would all go to the target that is idle. */
  @Test
  void requestsGoToTheReplicasInTurn() throws Exception {
    int first = consecutivePorts();
    try (var a = HttpServerFixture.named(first, "a");
        var b = HttpServerFixture.named(first + 1, "b");
        var fixture = ProxyFixture.opened(HTTP, twoReplicas(first));
        RawHttpConnection client = fixture.http()) {
      for (int request = 1; request <= 10; request++) {
        client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        client.read();
      }
      assertEquals(5, a.requests.size());
      assertEquals(5, b.requests.size());
      assertEquals(2, fixture.stats().targets().total(), "connections are used again");
    }
  }

  private static Map<Character, Integer> greetings(ProxyFixture fixture, int clients)
      throws IOException {
    Map<Character, Integer> greetings = new TreeMap<>();
    for (int client = 1; client <= clients; client++) {
      try (Socket socket = fixture.connect()) {
        greetings.merge((char) socket.getInputStream().read(), 1, Integer::sum);
      }
    }
    return greetings;
  }

  private static ServerFixture greeting(int port, char word) throws IOException {
    return new ServerFixture(port, socket -> socket.getOutputStream().write(word));
  }

  private static Backend twoReplicas(int first) {
    return new Backend(
        "blue", Map.of(ProxyFixture.WEB, List.of(new Target("127.0.0.1", first, 2))));
  }

  /** The first of two free ports, below those that the kernel gives to connections. */
  private static int consecutivePorts() throws IOException {
    for (int tries = 0; tries < 100; tries++) {
      int first = ThreadLocalRandom.current().nextInt(20_000, 30_000);
      InetAddress loopback = InetAddress.getLoopbackAddress();
      try (var _ = new ServerSocket(first, 1, loopback);
          var _ = new ServerSocket(first + 1, 1, loopback)) {
        return first;
      } catch (BindException e) {
        // Another program listens there.
      }
    }
    throw new AssertionError("no two free ports side by side");
  }
}
