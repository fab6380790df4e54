package dev.orchestrator.proxy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.proxy.config.Backend;
import dev.orchestrator.proxy.config.ListenAddress;
import dev.orchestrator.proxy.config.ProxyOptions;
import dev.orchestrator.proxy.config.ProxyProtocol;
import dev.orchestrator.proxy.config.Route;
import dev.orchestrator.proxy.config.RouteOptions;
import dev.orchestrator.proxy.config.Target;
import dev.orchestrator.proxy.stats.RouteStats;
import dev.orchestrator.proxy.testing.Await;
import dev.orchestrator.proxy.testing.FreePorts;
import dev.orchestrator.proxy.testing.ProxyFixture;
import dev.orchestrator.proxy.testing.ServerFixture;
import dev.orchestrator.proxy.testing.UdpClient;
import dev.orchestrator.proxy.testing.UdpServerFixture;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a client of a udp route gets, also while the route is held. */
@Timeout(60)
class UdpRelayTest extends UdpRouteFixture {
  private static final Duration LONG = Duration.ofSeconds(30);

  @Test
  void datagramsOfEveryLengthGoThereAndBack() throws IOException {
    try (var fixture = opened();
        var client = client(fixture)) {
      Random random = new Random(1);
      for (int length : new int[] {0, 1, 64, 1200, 1472, 1473, 9000, 65_506}) {
        byte[] sent = new byte[length];
        random.nextBytes(sent);
        if (length > 0) {
          sent[0] = 'x';
        }
        client.send(sent);
        byte[] answer = client.receive();
        assertEquals('b', answer[0]);
        assertArrayEquals(sent, Arrays.copyOfRange(answer, 1, answer.length));
      }
      RouteStats stats = fixture.stats();
      assertEquals(1, stats.total());
      assertEquals(1, stats.open());
      assertEquals(8, stats.targets().datagramsIn());
      assertEquals(8, stats.targets().datagramsOut());
      assertEquals(stats.bytesIn() + 8, stats.bytesOut());
      assertEquals(0, stats.dropped());
    }
  }

  @Test
  void burstsOfManyClientsAreAnsweredCompletelyAndInOrder() throws Exception {
    int clients = 8;
    int rounds = 60;
    int burst = 16; // fits into the smallest buffers that Linux gives
    try (var fixture = opened();
        var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Void>> all = new ArrayList<>();
      for (int i = 0; i < clients; i++) {
        int length = i % 2 == 0 ? 64 : 1200;
        all.add(
            threads.submit(() -> {
              try (var client = client(fixture)) {
                for (int round = 0; round < rounds; round++) {
                  burst(client, round, burst, length);
                }
              }
              return null;
            }));
      }
      for (Future<Void> each : all) {
        each.get(30, TimeUnit.SECONDS);
      }
      assertEquals(clients, fixture.stats().total());
      assertEquals((long) clients * rounds * burst, fixture.stats().targets().datagramsOut());
    }
    assertEquals(clients, blue.senders.size());
  }

  private static void burst(UdpClient client, int round, int count, int length) throws IOException {
    byte[] datagram = new byte[length];
    for (int i = 0; i < count; i++) {
      datagram[0] = (byte) ('A' + round % 20);
      datagram[1] = (byte) i;
      datagram[length - 1] = (byte) i;
      // Some are shorter, as the last of a file is.
      client.send(i % 10 == 9 ? Arrays.copyOf(datagram, length / 2) : datagram);
    }
    for (int i = 0; i < count; i++) {
      byte[] answer = client.receive();
      assertEquals('A' + round % 20, answer[1]);
      assertEquals(i, answer[2]);
      assertEquals(1 + (i % 10 == 9 ? length / 2 : length), answer.length);
      assertEquals(i % 10 == 9 ? 0 : i, answer[answer.length - 1]);
    }
  }

  @Test
  void whileHeldDatagramsWaitAndGoToTheNewBackend() throws IOException {
    try (var fixture = opened();
        var known = client(fixture);
        var unknown = client(fixture)) {
      assertEquals("ba", known.ask("a"));
      fixture.proxy.hold(LONG);
      known.send("1");
      known.send("2");
      unknown.send("3");
      fixture.untilHeld(2);
      fixture.proxy.switchTo(backend("green", green));
      assertEquals("g1", known.read());
      assertEquals("g2", known.read());
      assertEquals("g3", unknown.read());
      assertEquals("g4", known.ask("4"));
      assertEquals(1, blue.received.size());
      RouteStats stats = fixture.stats();
      assertEquals(0, stats.heldNow());
      assertEquals(2, stats.lastHold().held());
      assertEquals(2, stats.lastHold().served());
      assertEquals(0, stats.dropped());
    }
  }

  @Test
  void ofTooManyHeldDatagramsTheOldestAreDroppedAndCounted() throws IOException {
    ProxyOptions options = ProxyOptions.defaults().withUdp(100, 3);
    try (var fixture = ProxyFixture.opened(options, UDP, backend("blue", blue));
        var client = client(fixture);
        var other = client(fixture)) {
      fixture.proxy.hold(LONG);
      other.send("other");
      fixture.untilHeld(1);
      for (int i = 0; i < 5; i++) {
        client.send("" + i);
      }
      Await.until("2 are dropped", () -> fixture.stats().dropped() == 2);
      fixture.proxy.release();
      assertEquals("b2", client.read());
      assertEquals("b3", client.read());
      assertEquals("b4", client.read());
      assertEquals("bother", other.read());
    }
  }

  @Test
  void whatIsHeldOfAllClientsIsBounded() throws IOException {
    ProxyOptions options = ProxyOptions.defaults().withMaxHeldBytes(80_000);
    try (var fixture = ProxyFixture.opened(options, UDP, backend("blue", blue));
        var first = client(fixture);
        var second = client(fixture)) {
      fixture.proxy.hold(LONG);
      byte[] large = new byte[4_000];
      Arrays.fill(large, (byte) '1');
      first.send(large);
      fixture.untilHeld(1);
      Arrays.fill(large, (byte) '2');
      for (int i = 0; i < 5; i++) {
        second.send(large);
      }
      Await.until("the oldest is dropped", () -> fixture.stats().dropped() == 1);
      assertEquals(1, fixture.stats().heldNow());
      fixture.proxy.release();
      for (int i = 0; i < 5; i++) {
        assertEquals('2', second.receive()[1]);
      }
      assertEquals("bagain", first.ask("again"));
    }
  }

  @Test
  void datagramsThatWaitCostNoConnection() throws IOException {
    ProxyOptions options = ProxyOptions.defaults().withMaxHeld(2).withMaxHeldBytes(40_000);
    try (var server = ServerFixture.echo('t');
        var fixture = new ProxyFixture(options)) {
      int tcpPort = FreePorts.next();
      int udpPort = FreePorts.next();
      Backend both =
          Backend.of(
              "blue",
              Map.of(
                  ProxyFixture.WEB,
                  new Target("127.0.0.1", server.port()),
                  "udp",
                  new Target("127.0.0.1", blue.port())));
      fixture.proxy.open(
          List.of(
              new Route(ProxyFixture.WEB, "127.0.0.1", tcpPort),
              new Route("udp", new ListenAddress("127.0.0.1", udpPort), UDP)),
          both);
      fixture.proxy.hold(LONG);
      try (var first = new UdpClient(udpPort);
          var second = new UdpClient(udpPort);
          var third = new UdpClient(udpPort)) {
        byte[] large = new byte[9_000]; // two of them exceed what datagrams may take
        first.send(large);
        second.send(large);
        Await.until("the older one is dropped", () -> fixture.stats().dropped() == 1);
        third.send("3");
        fixture.untilHeld(2);
        first.send("1");
        Await.until("one client too many is refused", () -> fixture.stats().refused() == 1);
        try (var connection = fixture.connect();
            var other = fixture.connect()) {
          fixture.untilHeld(4);
          fixture.proxy.release();
          for (var each : List.of(connection, other)) {
            each.getOutputStream().write('x');
            assertEquals('t', each.getInputStream().read());
            assertEquals('x', each.getInputStream().read());
          }
        }
        assertEquals('b', second.receive()[0]);
        assertEquals("b3", third.read());
        assertEquals(1, fixture.stats().refused());
      }
    }
  }

  @Test
  void withoutABackendDatagramsAreDropped() throws IOException {
    try (var fixture = opened();
        var client = client(fixture)) {
      fixture.proxy.closeGate();
      client.send("a");
      Await.until("it is dropped", () -> fixture.stats().dropped() == 1);
      fixture.proxy.hold(LONG);
      client.send("b");
      fixture.untilHeld(1);
      fixture.proxy.closeGate();
      Await.until("it is dropped too", () -> fixture.stats().dropped() == 2);
      assertEquals(1, fixture.stats().refused());
      assertEquals(0, fixture.stats().heldNow());
      fixture.proxy.switchTo(backend("blue", blue));
      assertEquals("bc", client.ask("c"));
      assertTrue(client.hasNothing());
    }
  }

  @Test
  void aTargetThatDoesNotListenIsCountedAndServesOnceItDoes() throws IOException {
    int port = blue.port();
    blue.close();
    try (var fixture = ProxyFixture.opened(UDP, ProxyFixture.backend("blue", port));
        var client = client(fixture)) {
      client.send("a");
      Await.until("it is counted", () -> fixture.stats().connectFailures() > 0);
      blue = new UdpServerFixture('b', port);
      assertEquals("bb", client.ask("b"));
    }
  }

  @Test
  void targetsByNameAreLookedUp() throws IOException {
    Backend named =
        Backend.of("blue", Map.of(ProxyFixture.WEB, new Target("localhost", blue.port())));
    try (var fixture = ProxyFixture.opened(UDP, named);
        var client = client(fixture)) {
      assertEquals("ba", client.ask("a"));
      fixture.proxy.switchTo(
          Backend.of("none", Map.of(ProxyFixture.WEB, new Target("no-such-host.invalid", 1))));
      client.send("b");
      Await.until("it is dropped", () -> fixture.stats().dropped() == 1);
      fixture.proxy.switchTo(named);
      assertEquals("bc", client.ask("c"));
    }
  }

  @Test
  void theTargetIsToldTheClientInEveryDatagram() throws IOException {
    RouteOptions told = UDP.withProxyProtocol(ProxyProtocol.V2, false);
    try (var fixture = ProxyFixture.opened(told, backend("blue", blue));
        var client = client(fixture)) {
      fixture.proxy.hold(LONG);
      client.send("-held");
      fixture.untilHeld(1);
      fixture.proxy.release();
      blue.untilReceived(1);
      for (int i = 0; i < 3; i++) {
        client.send("-datagram " + i);
      }
      blue.untilReceived(4);
      List<String> texts = new ArrayList<>();
      for (byte[] each : blue.received) {
        assertEquals("\r\n\r\n\0\r\nQUIT\n", text(each, 0, 12));
        assertEquals(0x21, each[12]);
        assertEquals(0x12, each[13]); // UDP over IPv4
        assertEquals(127, each[16]);
        assertEquals(client.port(), ((each[24] & 0xFF) << 8) | (each[25] & 0xFF));
        int port = fixture.proxy.port(ProxyFixture.WEB);
        assertEquals(port, ((each[26] & 0xFF) << 8) | (each[27] & 0xFF));
        texts.add(text(each, 28, each.length));
      }
      assertEquals(List.of("-held", "-datagram 0", "-datagram 1", "-datagram 2"), texts);
    }
  }

  private static String text(byte[] bytes, int from, int to) {
    return new String(Arrays.copyOfRange(bytes, from, to), StandardCharsets.ISO_8859_1);
  }

  @Test
  void aClientIsAnsweredFromTheAddressThatItSendsTo() throws IOException {
    int port = FreePorts.next();
    try (var fixture = new ProxyFixture()) {
      fixture.proxy.open(
          List.of(new Route(ProxyFixture.WEB, new ListenAddress("", port), UDP)),
          backend("blue", blue));
      for (String address : List.of("127.0.0.1", "127.0.0.3", "127.0.0.2", "::1")) {
        try (var client = new UdpClient(InetAddress.getByName(address), port)) {
          assertEquals("b" + address, client.ask(address));
        }
      }
    }
  }

  @Test
  void aClientThatSendsToABroadcastAddressIsAnswered() throws IOException {
    for (String listen : List.of("", "0.0.0.0")) {
      int port = FreePorts.next();
      try (var fixture = new ProxyFixture();
          var client = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
        client.setBroadcast(true);
        client.setSoTimeout((int) Await.LIMIT.toMillis());
        fixture.proxy.open(
            List.of(new Route(ProxyFixture.WEB, new ListenAddress(listen, port), UDP)),
            backend("blue", blue));
        byte[] bytes = {'x'};
        client.send(
            new DatagramPacket(
                bytes, 1, InetAddress.getByAddress(new byte[] {127, -1, -1, -1}), port));
        DatagramPacket answer = new DatagramPacket(new byte[10], 10);
        client.receive(answer);
        assertEquals("bx", text(answer.getData(), 0, answer.getLength()));
        assertEquals(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), port),
            answer.getSocketAddress());
        assertEquals(0, fixture.stats().dropped());
      }
    }
  }

  @Test
  void thePreviewLeadsToTheCandidateUntilItIsClosed() throws IOException {
    int preview = FreePorts.next();
    RouteOptions options = UDP.withPreview(new ListenAddress("127.0.0.1", preview));
    try (var fixture = ProxyFixture.opened(options, backend("blue", blue));
        var client = new UdpClient(preview)) {
      fixture.proxy.preview(backend("green", green));
      assertEquals("ga", client.ask("a"));
      fixture.proxy.preview(null);
      client.send("b");
      Await.until(
          "it is dropped",
          () ->
              Objects.requireNonNull(fixture.proxy.stats().previews().get(ProxyFixture.WEB))
                      .dropped()
                  == 1);
    }
  }

  @Test
  void closingEndsEverything() throws IOException {
    int port;
    try (var fixture = opened();
        var client = client(fixture)) {
      assertEquals("ba", client.ask("a"));
      port = fixture.proxy.port(ProxyFixture.WEB);
      fixture.proxy.close();
      assertEquals(0, fixture.stats().open());
    }
    try (var free =
        new DatagramSocket(new InetSocketAddress(InetAddress.getLoopbackAddress(), port))) {
      assertEquals(port, free.getLocalPort());
    }
  }
}
