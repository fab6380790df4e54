package dev.orchestrator.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.proxy.config.Backend;
import dev.orchestrator.proxy.config.ListenAddress;
import dev.orchestrator.proxy.config.Route;
import dev.orchestrator.proxy.config.RouteUnavailableException;
import dev.orchestrator.proxy.config.Target;
import dev.orchestrator.proxy.testing.FreePorts;
import dev.orchestrator.proxy.testing.ProxyFixture;
import dev.orchestrator.proxy.testing.ServerFixture;
import dev.orchestrator.proxy.testing.UdpClient;
import dev.orchestrator.proxy.testing.UdpServerFixture;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Which ports a udp route listens on, and where each leads. */
@Timeout(60)
class UdpPortTest extends UdpRouteFixture {
  @Test
  void eachPortOfARangeLeadsToItsOwnTarget() throws IOException {
    int port = freePair();
    try (var fixture = new ProxyFixture()) {
      Backend both =
          new Backend(
              "both",
              Map.of(
                  ProxyFixture.WEB,
                  List.of(
                      new Target("127.0.0.1", blue.port()),
                      new Target("127.0.0.1", green.port()))));
      fixture.proxy.open(
          List.of(new Route(ProxyFixture.WEB, new ListenAddress("127.0.0.1", port, port + 1), UDP)),
          both);
      try (var first = new UdpClient(port);
          var second = new UdpClient(port + 1)) {
        assertEquals("ba", first.ask("a"));
        assertEquals("ga", second.ask("a"));
      }
    }
  }

  private static int freePair() throws IOException {
    for (int i = 0; i < 100; i++) {
      int port = FreePorts.next();
      try (var _ = new DatagramSocket(port); // NOPMD both must be free
          var _ = new DatagramSocket(port + 1)) {
        return port;
      } catch (IOException e) {
        // Another pair.
      }
    }
    throw new IOException("no two ports are free");
  }

  @Test
  void aTcpRouteAndAUdpRouteMayHaveTheSamePort() throws IOException {
    try (var server = ServerFixture.echo('t');
        var fixture = new ProxyFixture()) {
      int port = FreePorts.next();
      Map<String, Target> targets =
          Map.of(
              "tcp",
              new Target("127.0.0.1", server.port()),
              "udp",
              new Target("127.0.0.1", blue.port()));
      fixture.proxy.open(
          List.of(
              new Route("tcp", "127.0.0.1", port),
              new Route("udp", new ListenAddress("127.0.0.1", port), UDP)),
          Backend.of("blue", targets));
      try (var client = new UdpClient(port)) {
        assertEquals("ba", client.ask("a"));
      }
    }
  }

  @Test
  void aPortThatAnotherProgramHasIsNamed() throws IOException {
    try (var other = new DatagramSocket(0, InetAddress.getLoopbackAddress());
        var fixture = new ProxyFixture()) {
      var e =
          Assertions.assertThrows(
              RouteUnavailableException.class,
              () ->
                  fixture.proxy.open(
                      List.of(
                          new Route(
                              ProxyFixture.WEB,
                              new ListenAddress("127.0.0.1", other.getLocalPort()),
                              UDP)),
                      null));
      assertTrue(e.reason().matches("the port is in use by java \\(process [0-9]+\\)"), e.reason());
    }
  }

  @Test
  void clientsGoToTheReplicasInTurn() throws IOException {
    int port = freePair();
    Target both = new Target("localhost", port, 2);
    try (var _ = new UdpServerFixture('1', port);
        var _ = new UdpServerFixture('2', port + 1);
        var fixture = ProxyFixture.opened(UDP, Backend.of("both", Map.of(ProxyFixture.WEB, both)));
        var first = new UdpClient(fixture.proxy.port(ProxyFixture.WEB));
        var second = new UdpClient(fixture.proxy.port(ProxyFixture.WEB))) {
      assertEquals("1a", first.ask("a"));
      assertEquals("2a", second.ask("a"));
      assertEquals("1b", first.ask("b"));
      assertEquals("2b", second.ask("b"));
    }
  }
}
