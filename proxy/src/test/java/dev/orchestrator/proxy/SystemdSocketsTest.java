package dev.orchestrator.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.orchestrator.proxy.config.ListenAddress;
import dev.orchestrator.proxy.config.Protocol;
import dev.orchestrator.proxy.config.ProxyException;
import dev.orchestrator.proxy.config.Route;
import dev.orchestrator.proxy.config.RouteOptions;
import dev.orchestrator.proxy.listen.HandedOverSockets;
import dev.orchestrator.proxy.listen.InheritedSockets;
import dev.orchestrator.proxy.listen.SystemdSockets;
import dev.orchestrator.proxy.testing.Await;
import dev.orchestrator.proxy.testing.FreePorts;
import dev.orchestrator.proxy.testing.ProxyFixture;
import dev.orchestrator.proxy.testing.ServerFixture;
import dev.orchestrator.proxy.testing.UdpClient;
import dev.orchestrator.proxy.testing.UdpServerFixture;
import java.io.IOException;
import java.net.ConnectException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.net.Socket;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Sockets that outlive the service. This process plays the part of systemd. */
class SystemdSocketsTest {
  private io.netty.channel.unix.Socket socket;
  private int port;

  @BeforeEach
  void listen() throws IOException {
    io.netty.channel.epoll.Epoll.ensureAvailability();
    socket = io.netty.channel.unix.Socket.newSocketStream();
    port = FreePorts.next(); // not 0: a chosen port outlives the shutdown of its socket
    socket.setReuseAddress(true);
    socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    socket.listen(16);
  }

  @AfterEach
  void close() throws IOException {
    socket.close();
  }

  private static Map<String, String> environment(long pid) {
    return Map.of("LISTEN_PID", Long.toString(pid), "LISTEN_FDS", "1");
  }

  private InheritedSockets fromSystemd() {
    return SystemdSockets.fromEnvironment(
        environment(ProcessHandle.current().pid()), socket.intValue());
  }

  private List<Route> routes() {
    return List.of(new Route(ProxyFixture.WEB, "localhost", port));
  }

  private Socket connect() throws IOException {
    Socket client = new Socket(InetAddress.getLoopbackAddress(), port);
    client.setSoTimeout((int) Await.LIMIT.toMillis());
    return client;
  }

  private void assertServed(InheritedSockets inherited, Socket... waiting) throws IOException {
    try (var blue = ServerFixture.echo('b');
        var fixture = new ProxyFixture()) {
      fixture.proxy.open(routes(), ProxyFixture.backend("blue", blue), inherited);
      inherited.close();
      for (Socket each : waiting) {
        assertEquals('b', each.getInputStream().read());
      }
      try (Socket client = connect()) {
        assertEquals('b', client.getInputStream().read());
      }
    }
  }

  @Test
  void clientsWaitBetweenTheEndOfOneServiceAndTheStartOfTheNext() throws Exception {
    try (Socket first = connect()) {
      assertServed(fromSystemd(), first);
    }
    try (Socket second = connect();
        Socket third = connect()) {
      assertServed(fromSystemd(), second, third);
    }
  }

  @Test
  void whileNothingIsServedClientsAreRefused() throws Exception {
    InheritedSockets inherited = fromSystemd();
    assertServed(inherited);
    inherited.refuseClients(routes());
    inherited.refuseClients(routes()); // a second time changes nothing
    assertThrows(ConnectException.class, this::connect);
    assertServed(inherited);
    inherited.refuseClients(routes());
    assertServed(fromSystemd()); // another start of the service
  }

  @Test
  void theSocketsOfOtherRoutesGoOn() throws Exception {
    InheritedSockets inherited = fromSystemd();
    inherited.refuseClients(List.of(new Route(ProxyFixture.WEB, "localhost", FreePorts.next())));
    try (Socket waiting = connect()) {
      assertServed(inherited, waiting);
    }
  }

  @Test
  void aSocketThatNoRouteListensOnRefuses() throws Exception {
    InheritedSockets inherited = fromSystemd();
    try (var blue = ServerFixture.echo('b');
        var fixture = new ProxyFixture()) {
      List<Route> routes = List.of(new Route(ProxyFixture.WEB, "127.0.0.1", 0));
      fixture.proxy.open(routes, ProxyFixture.backend("blue", blue), inherited);
      inherited.close();
      assertThrows(ConnectException.class, this::connect);
    }
  }

  @Test
  void socketsForAnotherProcessAreIgnored() {
    int ours = socket.intValue();
    assertInstanceOf(HandedOverSockets.class, SystemdSockets.fromEnvironment(environment(1), ours));
    assertInstanceOf(HandedOverSockets.class, SystemdSockets.fromEnvironment(Map.of(), ours));
    assertInstanceOf(SystemdSockets.class, fromSystemd());
  }

  @Test
  void aDescriptorThatIsNotASocketIsRefused() {
    var e =
        assertThrows(
            ProxyException.class,
            () -> SystemdSockets.fromEnvironment(environment(ProcessHandle.current().pid()), 0));
    assertEquals(
        "descriptor 0 of systemd: is no TCP or UDP socket; ListenStream=ADDRESS:PORT or"
            + " ListenDatagram=ADDRESS:PORT makes one",
        e.getMessage());
  }

  @Test
  void datagramsWaitForTheNextStartOrAreRefusedWhileNothingIsServed() throws Exception {
    io.netty.channel.unix.Socket datagrams = io.netty.channel.unix.Socket.newSocketDgram();
    try (var blue = UdpServerFixture.named('b')) {
      int udpPort = FreePorts.next(); // not 0, as above
      datagrams.bind(new InetSocketAddress(udpPort));
      List<Route> routes =
          List.of(
              new Route(
                  ProxyFixture.WEB, new ListenAddress("", udpPort), RouteOptions.of(Protocol.UDP)));
      Map<String, String> environment = environment(ProcessHandle.current().pid());
      try (var client = new UdpClient(udpPort)) {
        client.send("early");
        try (var fixture = new ProxyFixture();
            var inherited = SystemdSockets.fromEnvironment(environment, datagrams.intValue())) {
          fixture.proxy.open(routes, ProxyFixture.backend("blue", blue.port()), inherited);
          assertEquals("bearly", client.read());
          fixture.proxy.close();
          client.send("nobody is to answer this");
          inherited.refuseClients(routes);
        }
        try (var refused = new DatagramSocket()) {
          refused.setSoTimeout((int) Await.LIMIT.toMillis());
          refused.connect(InetAddress.getLoopbackAddress(), udpPort);
          refused.send(new DatagramPacket(new byte[1], 1));
          assertThrows(
              PortUnreachableException.class,
              () -> refused.receive(new DatagramPacket(new byte[1], 1)));
        }
        try (var fixture = new ProxyFixture();
            var inherited = SystemdSockets.fromEnvironment(environment, datagrams.intValue())) {
          fixture.proxy.open(routes, ProxyFixture.backend("blue", blue.port()), inherited);
          assertEquals("bagain", client.ask("again"));
        }
      }
    } finally {
      datagrams.close();
    }
  }
}
