package dev.orchestrator.proxy;

import static dev.orchestrator.proxy.testing.ProxyFixture.backend;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.proxy.config.Protocol;
import dev.orchestrator.proxy.config.RouteOptions;
import dev.orchestrator.proxy.testing.HttpServerFixture;
import dev.orchestrator.proxy.testing.ProxyFixture;
import dev.orchestrator.proxy.testing.RawHttpConnection;
import dev.orchestrator.proxy.testing.ServerFixture;
import java.io.EOFException;
import java.net.SocketException;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How messages pass through an http route. */
@Timeout(60)
@SuppressWarnings("StringConcatToTextBlock") // a text block ends its lines without CR
class HttpMessageTest {
  private static final RouteOptions HTTP = RouteOptions.of(Protocol.HTTP);

  @Test
  void theTargetGetsTheClientsAddressAndNoHopByHopFields() throws Exception {
    try (var blue = HttpServerFixture.named("v1");
        var fixture = ProxyFixture.opened(HTTP, backend("blue", blue));
        var client = fixture.http()) {
      client.send(
          "GET /a?b=c HTTP/1.1\r\nHost: shop.example:8080\r\nConnection: keep-alive, X-Secret\r\n"
              + "X-Secret: 1\r\nKeep-Alive: timeout=5\r\nProxy-Connection: close\r\nTE: gzip\r\n"
              + "Upgrade: h2c\r\nX-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\n"
              + "X-Forwarded-Host: evil\r\nForwarded: for=1.2.3.4\r\nAccept: text/é\r\n\r\n");
      client.read();
      RawHttpConnection.Message seen = blue.requests.element();
      assertEquals("GET /a?b=c HTTP/1.1", seen.start());
      assertEquals("shop.example:8080", seen.field("host"));
      assertEquals("127.0.0.1", seen.field("x-forwarded-for"));
      assertEquals("http", seen.field("x-forwarded-proto"));
      assertEquals("shop.example:8080", seen.field("x-forwarded-host"));
      assertEquals("for=127.0.0.1;host=\"shop.example:8080\";proto=http", seen.field("forwarded"));
      assertEquals("text/é", seen.field("accept"));
      for (String gone :
          List.of("connection", "x-secret", "keep-alive", "proxy-connection", "te", "upgrade")) {
        assertEquals("", seen.field(gone), gone);
      }
    }
  }

  @Test
  void theForwardingFieldsOfATrustedProxyAreKeptAndExtended() throws Exception {
    try (var blue = HttpServerFixture.named("v1");
        var fixture = ProxyFixture.opened(HTTP.withTrustForwarded(true), backend("blue", blue));
        var client = fixture.http()) {
      client.send(
          "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\n"
              + "X-Forwarded-Host: shop\r\nForwarded: for=1.2.3.4\r\n\r\n");
      client.read();
      RawHttpConnection.Message seen = blue.requests.element();
      assertEquals("1.2.3.4, 127.0.0.1", seen.field("x-forwarded-for"));
      assertEquals("https", seen.field("x-forwarded-proto"));
      assertEquals("shop", seen.field("x-forwarded-host"));
      assertTrue(seen.field("forwarded").startsWith("for=1.2.3.4, for=127.0.0.1;"));
    }
  }

  @Test
  void theClientGetsNoHopByHopFieldsOfTheTarget() throws Exception {
    try (var blue =
            new HttpServerFixture((request, connection) -> {
              connection.send(
                  "HTTP/1.1 404 Gone fishing\r\nConnection: close, X-Inner\r\nX-Inner: 1\r\n"
                      + "Keep-Alive: timeout=1\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n"
                      + "Content-Length: 2\r\n\r\nno");
              return false;
            });
        var fixture = ProxyFixture.opened(HTTP, backend("blue", blue));
        var client = fixture.http()) {
      for (int i = 0; i < 2; i++) { // the client's connection lives on
        client.get("/");
        RawHttpConnection.Message answer = client.read();
        assertEquals("HTTP/1.1 404 Gone fishing", answer.start());
        assertEquals("a=1, b=2", answer.field("set-cookie"));
        assertEquals("", answer.field("x-inner") + answer.field("keep-alive"));
        assertEquals("", answer.field("connection"));
      }
      assertEquals(2, fixture.stats().targets().http().clientError());
    }
  }

  @Test
  void bodiesStreamBothWaysPieceByPiece() throws Exception {
    try (var blue =
            new ServerFixture(socket -> {
              var connection = new RawHttpConnection(socket);
              connection.head();
              connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
              for (String piece = connection.chunk();
                  !piece.isEmpty();
                  piece = connection.chunk()) {
                connection.send("5\r\n" + piece + "\r\n");
              }
              connection.send("0\r\n\r\n");
            });
        var fixture = ProxyFixture.opened(HTTP, backend("blue", blue));
        var client = fixture.http()) {
      client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
      assertEquals("chunked", client.head().field("transfer-encoding"));
      for (int i = 0; i < 20; i++) {
        client.send("5\r\npiece\r\n");
        assertEquals("piece", client.chunk());
      }
      client.send("0\r\n\r\n");
      assertEquals("", client.chunk());
    }
  }

  @Test
  void trailersPassBothWays() throws Exception {
    try (var blue =
            new HttpServerFixture((request, connection) -> {
              connection.send(
                  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n"
                      + "Sum: 7\r\n\r\n");
              return true;
            });
        var fixture = ProxyFixture.opened(HTTP, backend("blue", blue));
        var client = fixture.http()) {
      client.send(
          "POST / HTTP/1.1\r\nHost: a\r\nConnection: TE\r\nTE: trailers\r\n"
              + "Transfer-Encoding: chunked\r\n\r\n3;ext=1\r\nabc\r\n0\r\nDigest: x\r\n\r\n");
      assertEquals(List.of("Sum: 7"), client.read().trailers());
      RawHttpConnection.Message seen = blue.requests.element();
      assertEquals("abc", seen.body());
      assertEquals(List.of("Digest: x"), seen.trailers());
      assertEquals("trailers", seen.field("te"));
    }
  }

  @Test
  void aClientThatWaitsForAContinueGetsItFromTheTarget() throws Exception {
    try (var blue =
            new ServerFixture(socket -> {
              var connection = new RawHttpConnection(socket);
              RawHttpConnection.Message head = connection.head();
              if (head.start().contains("/refused")) {
                connection.send("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n");
                return;
              }
              connection.send("HTTP/1.1 100 Continue\r\n\r\n");
              connection.send(
                  HttpServerFixture.answer(
                      connection.body(head).body() + " " + head.field("expect")));
            });
        var fixture = ProxyFixture.opened(HTTP, backend("blue", blue))) {
      try (var client = fixture.http()) {
        client.send(
            "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
        assertEquals(100, client.head().status());
        client.send("body");
        assertEquals("body 100-continue", client.read().body());
      }
      try (var client = fixture.http()) {
        client.send(
            "PUT /refused HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                + "Content-Length: 4\r\n\r\n");
        RawHttpConnection.Message answer = client.read();
        assertEquals(417, answer.status());
        assertEquals("close", answer.field("connection")); // as the client may send the body or not
        assertEquals("", client.rest());
      }
    }
  }

  @Test
  void aClientOfHttp10GetsABodyThatEndsWithTheConnection() throws Exception {
    try (var blue =
            new HttpServerFixture((request, connection) -> {
              connection.send(
                  "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\n"
                      + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n");
              return true;
            });
        var fixture = ProxyFixture.opened(HTTP, backend("blue", blue));
        var client = fixture.http()) {
      client.send("GET / HTTP/1.0\r\n\r\n");
      RawHttpConnection.Message head = client.head();
      assertEquals(200, head.status());
      assertEquals("", head.field("transfer-encoding"));
      assertEquals("close", head.field("connection"));
      assertEquals("abcdef", client.rest());
      RawHttpConnection.Message seen = blue.requests.element();
      assertEquals("GET / HTTP/1.1", seen.start());
      assertEquals("127.0.0.1:" + fixture.proxy.port("web"), seen.field("host"));
    }
  }

  @Test
  void aClientOfHttp10MayKeepItsConnection() throws Exception {
    try (var blue = HttpServerFixture.named("v1");
        var fixture = ProxyFixture.opened(HTTP, backend("blue", blue));
        var client = fixture.http()) {
      for (int i = 0; i < 2; i++) {
        client.send("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n");
        RawHttpConnection.Message answer = client.read();
        assertEquals("v1", answer.body());
        assertEquals("keep-alive", answer.field("connection"));
      }
    }
  }

  @Test
  void aResponseThatEndsWithTheConnectionIsPassedOnInChunks() throws Exception {
    try (var blue =
            new HttpServerFixture((request, connection) -> {
              connection.send("HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nuntil the end");
              return false;
            });
        var fixture = ProxyFixture.opened(HTTP, backend("blue", blue));
        var client = fixture.http()) {
      for (int i = 0; i < 2; i++) {
        client.get("/");
        assertEquals("until the end", client.read().body());
      }
    }
  }

  @Test
  void answersWithoutABodyAndPipelinedRequestsKeepTheirOrder() throws Exception {
    try (var blue =
            new HttpServerFixture((request, connection) -> {
              String path = request.start().split(" ", -1)[1];
              connection.send(
                  switch (path) {
                    case "/304" -> "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n";
                    case "/204" -> "HTTP/1.1 204 No Content\r\n\r\n";
                    case "/head" -> "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n";
                    default -> HttpServerFixture.answer(path);
                  });
              return true;
            });
        var fixture = ProxyFixture.opened(HTTP, backend("blue", blue));
        var client = fixture.http()) {
      client.send(
          "GET /304 HTTP/1.1\r\nHost: a\r\n\r\nGET /204 HTTP/1.1\r\nHost: a\r\n\r\n"
              + "HEAD /head HTTP/1.1\r\nHost: a\r\n\r\n"
              + "POST /post HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
      client.get("/last");
      assertEquals(304, client.head().status());
      assertEquals(204, client.head().status());
      RawHttpConnection.Message head = client.head();
      assertEquals("9", head.field("content-length"));
      assertEquals("/post", client.read().body());
      assertEquals("/last", client.read().body());
      assertEquals(1, fixture.stats().total());
    }
  }

  @Test
  void aClientThatEndsItsStreamBehindItsRequestIsStillAnswered() throws Exception {
    String large = "x".repeat(8 << 20);
    var ended = new CountDownLatch(1);
    try (var blue =
            new HttpServerFixture((request, connection) -> {
              try {
                assertTrue(ended.await(10, TimeUnit.SECONDS));
              } catch (InterruptedException e) {
                throw new AssertionError(e);
              }
              connection.send(HttpServerFixture.answer(large));
              return true;
            });
        var fixture = ProxyFixture.opened(HTTP, backend("blue", blue));
        var client = fixture.http()) {
      client.get("/");
      client.socket.shutdownOutput();
      ended.countDown();
      RawHttpConnection.Message answer = client.read();
      assertEquals(large, answer.body());
      assertEquals("", client.rest());
    }
  }

  @Test
  void aTargetThatBreaksOffDoesNotLookComplete() throws Exception {
    try (var blue =
            new HttpServerFixture((request, connection) -> {
              connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
              return false;
            });
        var fixture = ProxyFixture.opened(HTTP, backend("blue", blue));
        var client = fixture.http()) {
      client.get("/");
      assertThrows(EOFException.class, client::read);
    }
    try (var blue =
            new ServerFixture(socket -> {
              var connection = new RawHttpConnection(socket);
              connection.head();
              connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
              connection.text(1); // the test says that the client has read it
            });
        var fixture = ProxyFixture.opened(HTTP, backend("blue", blue));
        var client = fixture.http()) {
      client.send("POST / HTTP/1.0\r\nHost: a\r\nContent-Length: 1\r\n\r\n");
      client.head();
      assertEquals("half", client.text(4));
      client.send("x");
      assertThrows(
          SocketException.class,
          client::rest); // only a reset can tell that the body is not complete
    }
  }

  @Test
  void aTargetThatSpeaksSomethingElseIsA502() throws Exception {
    for (String nonsense :
        List.of(
            "220 mail.example ESMTP\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
            "HTTP/1.1 200 OK\r\n"
                + "Content-Length: 3\r\n"
                + "Transfer-Encoding: chunked\r\n\r\n"
                + "0\r\n\r\n")) {
      try (var blue =
              new HttpServerFixture((request, connection) -> {
                connection.send(nonsense);
                return true;
              });
          var fixture = ProxyFixture.opened(HTTP, backend("blue", blue));
          var client = fixture.http()) {
        client.get("/");
        RawHttpConnection.Message answer = client.read();
        assertEquals(502, answer.status());
        assertFalse(answer.body().isEmpty());
      }
    }
  }
}
