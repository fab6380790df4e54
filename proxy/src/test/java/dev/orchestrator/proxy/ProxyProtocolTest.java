package dev.orchestrator.proxy;

import static dev.orchestrator.proxy.testing.ProxyFixture.backend;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.proxy.config.Protocol;
import dev.orchestrator.proxy.config.ProxyOptions;
import dev.orchestrator.proxy.config.ProxyProtocol;
import dev.orchestrator.proxy.config.RouteOptions;
import dev.orchestrator.proxy.testing.Await;
import dev.orchestrator.proxy.testing.HttpServerFixture;
import dev.orchestrator.proxy.testing.ProxyFixture;
import dev.orchestrator.proxy.testing.RawHttpConnection;
import dev.orchestrator.proxy.testing.ServerFixture;
import java.net.Socket;
import java.time.Duration;
import java.util.HexFormat;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ProxyProtocolTest {
  private static final RouteOptions TCP = RouteOptions.of(Protocol.TCP);
  private static final RouteOptions HTTP = RouteOptions.of(Protocol.HTTP);

  @Test
  void theTargetOfATcpRouteGetsTheHeaderAsALineOfText() throws Exception {
    try (var blue = ServerFixture.echo('b');
        var fixture =
            ProxyFixture.opened(
                TCP.withProxyProtocol(ProxyProtocol.V1, false), backend("blue", blue));
        Socket client = fixture.connect()) {
      client.getOutputStream().write("hello".getBytes(US_ASCII));
      client.shutdownOutput();
      assertEquals(
          "bPROXY TCP4 127.0.0.1 127.0.0.1 %d %d\r\nhello"
              .formatted(client.getLocalPort(), fixture.proxy.port("web")),
          new String(client.getInputStream().readAllBytes(), US_ASCII));
      assertEquals(5, fixture.stats().bytesIn());
    }
  }

  @Test
  void theTargetOfATcpRouteGetsTheHeaderInBinary() throws Exception {
    try (var blue = ServerFixture.echo('b');
        var fixture =
            ProxyFixture.opened(
                TCP.withProxyProtocol(ProxyProtocol.V2, false), backend("blue", blue));
        Socket client = fixture.connect()) {
      client.shutdownOutput();
      byte[] seen = client.getInputStream().readAllBytes();
      String ports = "%04x%04x".formatted(client.getLocalPort(), fixture.proxy.port("web"));
      assertArrayEquals(
          HexFormat.of()
              .parseHex("62" + "0d0a0d0a000d0a515549540a" + "2111000c7f0000017f000001" + ports),
          seen);
    }
  }

  @Test
  void aHeaderOfTheClientsProxyIsReadAndPassedOn() throws Exception {
    try (var blue = ServerFixture.echo('b');
        var fixture =
            ProxyFixture.opened(
                TCP.withProxyProtocol(ProxyProtocol.V1, true), backend("blue", blue));
        Socket client = fixture.connect()) {
      for (String piece : new String[] {"PROXY TCP4 203.0.113.7 ", "198.51.100.1 1234 443\r\nfi"}) {
        client.getOutputStream().write(piece.getBytes(US_ASCII));
      }
      client.getOutputStream().write("rst".getBytes(US_ASCII));
      client.shutdownOutput();
      assertEquals(
          "bPROXY TCP4 203.0.113.7 198.51.100.1 1234 443\r\nfirst",
          new String(client.getInputStream().readAllBytes(), US_ASCII));
    }
  }

  @Test
  void aHeaderIsReadWhileTheRouteIsHeldAndNothingBehindItIsLost() throws Exception {
    try (var blue = ServerFixture.echo('b');
        var fixture =
            ProxyFixture.opened(
                TCP.withProxyProtocol(ProxyProtocol.OFF, true), backend("blue", blue))) {
      fixture.proxy.hold(Duration.ofMinutes(1));
      try (Socket client = fixture.connect()) {
        client.getOutputStream().write("PROXY TCP6 ::1 ::2 1 2\r\nbehind".getBytes(US_ASCII));
        fixture.untilHeld(1);
        fixture.proxy.release();
        client.shutdownOutput();
        assertEquals("bbehind", new String(client.getInputStream().readAllBytes(), US_ASCII));
      }
    }
  }

  @Test
  void bytesBehindTheHeadersOfHeldClientsAreBounded() throws Exception {
    byte[] sent = ("PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\n" + "x".repeat(10_000)).getBytes(US_ASCII);
    try (var blue = ServerFixture.echo('b');
        var fixture =
            ProxyFixture.opened(
                ProxyOptions.defaults().withMaxHeldBytes(16_384),
                TCP.withProxyProtocol(ProxyProtocol.OFF, true),
                backend("blue", blue))) {
      fixture.proxy.hold(Duration.ofMinutes(1));
      try (Socket first = fixture.connect();
          Socket second = fixture.connect()) {
        first.getOutputStream().write(sent);
        fixture.untilHeld(1);
        second.getOutputStream().write(sent);
        assertEquals(-1, second.getInputStream().read());
        assertEquals(1, fixture.stats().refused());
        fixture.proxy.release();
        first.shutdownOutput();
        assertEquals(10_001, first.getInputStream().readAllBytes().length);
      }
    }
  }

  @Test
  void aClientWithoutAHeaderIsClosed() throws Exception {
    try (var blue = ServerFixture.echo('b');
        var fixture =
            ProxyFixture.opened(
                TCP.withProxyProtocol(ProxyProtocol.OFF, true)
                    .withTimeouts(Duration.ZERO, Duration.ofMillis(200)),
                backend("blue", blue))) {
      try (var wrong = fixture.http();
          var silent = fixture.http()) {
        wrong.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        assertEquals("", wrong.rest());
        assertEquals("", silent.rest());
      }
      assertEquals(0, blue.accepted.get());
      assertEquals(2, fixture.stats().refused());
    }
  }

  @Test
  void theTargetOfAnHttpRouteGetsAConnectionWithAHeaderForEachClient() throws Exception {
    BlockingQueue<String> headers = new LinkedBlockingQueue<>();
    try (var blue =
            new ServerFixture(socket -> {
              var connection = new RawHttpConnection(socket);
              headers.add(
                  connection.text("PROXY TCP4 203.0.113.7 198.51.100.1 1111 443\r\n".length()));
              for (int i = 0; i < 2; i++) {
                connection.send(
                    HttpServerFixture.answer(connection.read().field("x-forwarded-for")));
              }
            });
        var fixture =
            ProxyFixture.opened(
                HTTP.withProxyProtocol(ProxyProtocol.V1, true), backend("blue", blue))) {
      for (String port : new String[] {"1111", "2222"}) {
        String header = "PROXY TCP4 203.0.113.7 198.51.100.1 " + port + " 443\r\n";
        try (var client = fixture.http()) {
          client.send(header);
          for (int i = 0; i < 2; i++) {
            client.get("/");
            assertEquals("203.0.113.7", client.read().body());
          }
        }
        assertEquals(header, headers.poll(10, TimeUnit.SECONDS));
      }
      assertEquals(2, blue.accepted.get());
      Await.until("their connections are closed with them", () -> fixture.stats().open() == 0);
      assertTrue(headers.isEmpty());
    }
  }
}
