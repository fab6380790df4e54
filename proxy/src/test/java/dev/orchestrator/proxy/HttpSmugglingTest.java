package dev.orchestrator.proxy;

import static dev.orchestrator.proxy.testing.ProxyFixture.backend;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.proxy.config.Protocol;
import dev.orchestrator.proxy.config.RouteOptions;
import dev.orchestrator.proxy.testing.HttpServerFixture;
import dev.orchestrator.proxy.testing.ProxyFixture;
import dev.orchestrator.proxy.testing.RawHttpConnection;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Requests that two programs may read differently (RFC 9112, 11.2). Each gets an error, the
 * connection is closed, and the target never sees a request hidden in it.
 */
@Timeout(60)
@SuppressWarnings("StringConcatToTextBlock") // a text block ends its lines without CR
class HttpSmugglingTest {
  private static final String HIDDEN = "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n";

  @ParameterizedTest
  @ValueSource(
      strings = {
        "POST / HTTP/1.1\nHost: a\nContent-Length: 5\nContent-Length: 6\n\nabcde",
        "POST / HTTP/1.1\nHost: a\nContent-Length: 5\nContent-Length: 5\n\nabcde",
        "POST / HTTP/1.1\nHost: a\nContent-Length: 5, 5\n\nabcde",
        "POST / HTTP/1.1\nHost: a\nContent-Length: +5\n\nabcde",
        "POST / HTTP/1.1\nHost: a\nContent-Length: -1\n\n",
        "POST / HTTP/1.1\nHost: a\nContent-Length: 0x5\n\nabcde",
        "POST / HTTP/1.1\nHost: a\nContent-Length: 99999999999999999999\n\nabcde",
        "POST / HTTP/1.1\nHost: a\nContent-Length:\n\n",
        "POST / HTTP/1.1\nHost: a\nContent-Length: 5\nTransfer-Encoding: chunked\n\n0\n\n",
        "POST / HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\nContent-Length: 5\n\n0\n\n",
        "POST / HTTP/1.1\nHost: a\nTransfer-Encoding: xchunked\n\n0\n\n",
        "POST / HTTP/1.1\nHost: a\nTransfer-Encoding: identity, chunked, identity\n\n0\n\n",
        "POST / HTTP/1.1\nHost: a\nTransfer-Encoding: gzip, chunked\n\n0\n\n",
        "POST / HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\nTransfer-Encoding: chunked\n\n0\n\n",
        "POST / HTTP/1.1\n"
            + "Host: a\n"
            + "Transfer-Encoding: chunked\n"
            + "Transfer-Encoding: identity\n\n"
            + "0\n\n",
        "POST / HTTP/1.1\nHost: a\nTransfer-Encoding : chunked\n\n0\n\n",
        "POST / HTTP/1.1\nHost: a\nTransfer-Encoding:\u000bchunked\n\n0\n\n",
        "POST / HTTP/1.1\nHost: a\nTransfer-Encoding:\n chunked\n\n0\n\n",
        "POST / HTTP/1.1\nHost: a\nX: 1\n Content-Length: 5\n\nabcde",
        "POST / HTTP/1.1\n Host: a\nHost: b\n\n",
        "POST / HTTP/1.1\nHost: a\nContent-Length : 5\n\nabcde",
        "POST / HTTP/1.1\nHost: a\n\tContent-Length: 5\n\nabcde",
        "POST / HTTP/1.0\nHost: a\nTransfer-Encoding: chunked\n\n0\n\n",
        "GET / HTTP/1.1\nHost: a\nHost: b\n\n",
        "GET / HTTP/1.1\n\n",
        "GET / HTTP/1.1\nHost: a b\n\n",
        "GET / HTTP/1.1\nHost: a/b\n\n",
        "GET / HTTP/1.1\nHost: a\nno colon here\n\n",
        "GET / HTTP/1.1\nHost: a\n: empty\n\n",
        "GET / HTTP/1.1\nHost: a\nX\u0000Y: 1\n\n",
        "GET / HTTP/1.1\nHost: a\nX: 1\u00002\n\n",
        "GET / HTTP/1.1\nHost: a\nX: 1\r2\n\n",
        "GET relative HTTP/1.1\nHost: a\n\n",
        "GET http://user@host/ HTTP/1.1\nHost: a\n\n",
        "GET / HTTP/2.0\nHost: a\n\n",
        "GET / HTTP/1.1x\nHost: a\n\n",
        "GET /\n\n",
        "PRI * HTTP/2.0\n\nSM\n\n",
        "CONNECT a:80 HTTP/1.1\nHost: a\n\n",
        "GET /a b HTTP/1.1\nHost: a\n\n",
      })
  void isRefusedAndTheConnectionClosed(String shape) throws Exception {
    refused(shape.replace("\n", "\r\n") + HIDDEN);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET / HTTP/1.1\nHost: a\r\n\r\n", // a line that ends with LF alone
        "GET / HTTP/1.1\r\nHost: a\nX: 1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\nX: 1\r\n\r\n",
      })
  void aBareLineFeedIsRefused(String shape) throws Exception {
    refused(shape + HIDDEN);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "x\r\nhello\r\n0\r\n\r\n",
        "5 \r\nhello\r\n0\r\n\r\n",
        " 5\r\nhello\r\n0\r\n\r\n",
        "0x5\r\nhello\r\n0\r\n\r\n",
        "-1\r\nhello\r\n0\r\n\r\n",
        "+5\r\nhello\r\n0\r\n\r\n",
        "\r\nhello\r\n0\r\n\r\n",
        ";a=b\r\nhello\r\n0\r\n\r\n",
        "fffffffff\r\nhello\r\n0\r\n\r\n",
        "5\nhello\r\n0\r\n\r\n",
        "5;a\nb\r\nhello\r\n0\r\n\r\n",
        "5\r\nhelloX\r\n0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n",
        "5\r\nhello0\r\n\r\n",
      })
  void aBadChunkIsRefusedAndItsRequestNeverCompletes(String chunks) throws Exception {
    refused("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + HIDDEN);
  }

  @Test
  void aRequestThatTurnsOutBadWhileItIsHeldIsNeverSent() throws Exception {
    try (var blue = HttpServerFixture.named("v1");
        var fixture = ProxyFixture.opened(RouteOptions.of(Protocol.HTTP), backend("blue", blue));
        var client = fixture.http()) {
      fixture.proxy.hold(Duration.ofMinutes(1));
      client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n" + HIDDEN);
      assertEquals(400, client.read().status());
      assertEquals(0, fixture.stats().heldNow());
      fixture.proxy.release();
      assertEquals("", client.rest());
      assertEquals(0, blue.server.accepted.get());
    }
  }

  private static void refused(String sent) throws Exception {
    try (var blue = HttpServerFixture.named("v1");
        var fixture = ProxyFixture.opened(RouteOptions.of(Protocol.HTTP), backend("blue", blue));
        var client = fixture.http()) {
      client.send(sent);
      RawHttpConnection.Message answer = client.read();
      assertTrue(answer.status() >= 400 && answer.status() < 506, answer.start());
      assertEquals("close", answer.field("connection"));
      assertEquals("", client.rest());
      assertTrue(blue.requests.isEmpty(), () -> "the target saw " + blue.requests);
      assertEquals(1, fixture.stats().badRequests());
    }
  }
}
