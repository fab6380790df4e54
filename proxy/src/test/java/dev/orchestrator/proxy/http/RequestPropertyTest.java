package dev.orchestrator.proxy.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;

/**
 * Generated requests, also with a wrong byte: they are decoded the same in whatever pieces they
 * come, and every other reader takes the passed-on head for exactly one request. A failure names
 * its seed; {@code -Dproperty.seed=N} runs that seed alone.
 */
class RequestPropertyTest {
  private static final int RUNS = 20_000;
  private static final RequestHead.ClientInfo CLIENT =
      new RequestHead.ClientInfo("10.0.0.1", "for=10.0.0.1", "127.0.0.1:80", false);
  private static final List<String> LINES =
      List.of(
          "GET / HTTP/1.1",
          "POST /a?b=c HTTP/1.1",
          "PUT http://x/y HTTP/1.1",
          "HEAD * HTTP/1.1",
          "OPTIONS * HTTP/1.1",
          "GET /%00 HTTP/1.0",
          "GET  / HTTP/1.1",
          "CONNECT a:1 HTTP/1.1");
  private static final List<String> FIELDS =
      List.of(
          "Host: a",
          "Host: b",
          "Host: a,b",
          "Content-Length: 3",
          "Content-Length: 5",
          "Content-Length: +3",
          "Content-Length: 3, 3",
          "Content-Length : 3",
          "Transfer-Encoding: chunked",
          "Transfer-Encoding: gzip, chunked",
          "Transfer-Encoding: xchunked",
          "Transfer-Encoding:\tchunked",
          " folded: 1",
          "X: \u000b1",
          "Connection: close, X",
          "Connection: keep-alive",
          "Upgrade: h2c",
          "TE: trailers",
          "X: 1",
          "Forwarded: for=1",
          "X-Forwarded-For: 1",
          "Expect: 100-continue",
          "no colon",
          ": empty");
  private static final List<String> ENDS = List.of("\r\n", "\r\n", "\r\n", "\r\n", "\n", "\r");
  private static final List<String> BODIES =
      List.of(
          "", "abc", "3\r\nabc\r\n0\r\n\r\n", "3;x=y\r\nabc\r\n0\r\nT: 1\r\n\r\n", "G\r\n", "-1");
  private static final String WRONG_BYTES = "\0\t\r\n :,\u007f\u0080\u00ff";

  private static final class Read {
    /** A request that is not complete does not count. */
    final List<String> requests = new ArrayList<>();

    final StringBuilder body = new StringBuilder();
    String head = "";
    boolean refused;
  }

  @Test
  void aRequestIsDecodedTheSameInWhateverPiecesItComesAndPassedOnAsOneRequest() {
    Long only = Long.getLong("property.seed");
    long first = only == null ? System.currentTimeMillis() / 86_400_000 * 1_000_000 : only;
    for (long seed = first; seed < first + (only == null ? RUNS : 1); seed++) {
      RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
      String text = text(random);
      String what =
          "-Dproperty.seed=" + seed + ": " + text.replace("\r", "\\r").replace("\n", "\\n");
      try {
        Read whole = read(text, text.length());
        Read cut = read(text, 1 + random.nextInt(7));
        assertEquals(whole.requests, cut.requests);
        assertEquals(whole.refused, cut.refused);
      } catch (RuntimeException | AssertionError e) {
        throw new AssertionError(what, e);
      }
    }
  }

  private static String text(RandomGenerator random) {
    StringBuilder text = new StringBuilder();
    for (int i = 1 + random.nextInt(2); i > 0; i--) {
      text.append(one(random, LINES)).append(one(random, ENDS)).append("Host: a\r\n");
      for (int fields = random.nextInt(4); fields > 0; fields--) {
        text.append(one(random, FIELDS)).append(one(random, ENDS));
      }
      text.append("\r\n").append(one(random, BODIES));
    }
    if (random.nextInt(3) == 0) {
      char wrong = WRONG_BYTES.charAt(random.nextInt(WRONG_BYTES.length()));
      text.setCharAt(random.nextInt(text.length()), wrong);
    }
    return text.toString();
  }

  private static String one(RandomGenerator random, List<String> values) {
    return values.get(random.nextInt(values.size()));
  }

  private static Read read(String text, int piece) {
    RequestDecoder decoder = new RequestDecoder();
    EmbeddedChannel channel = new EmbeddedChannel(decoder);
    Read read = new Read();
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    for (int from = 0; from < bytes.length && !read.refused; from += piece) {
      int length = Math.min(piece, bytes.length - from);
      channel.writeInbound(Unpooled.copiedBuffer(bytes, from, length));
      take(channel, decoder, read);
    }
    boolean _ = channel.finishAndReleaseAll();
    return read;
  }

  private static void take(EmbeddedChannel channel, RequestDecoder decoder, Read read) {
    for (Object part = channel.readInbound(); part != null; part = channel.readInbound()) {
      try {
        if (part instanceof HttpRequest request && !read.refused) {
          read.refused = request.decoderResult().isFailure() || !passedOn(request, read);
        }
        if (part instanceof HttpContent content && !read.refused) {
          read.refused = content.decoderResult().isFailure();
          read.body.append(content.content().toString(StandardCharsets.ISO_8859_1));
        }
        if (part instanceof LastHttpContent && !read.refused) {
          read.requests.add(read.head + read.body);
          read.body.setLength(0);
          if (decoder.resume()) {
            decoder.decodeNext(channel.pipeline().context(decoder));
          }
        }
      } finally {
        ReferenceCountUtil.release(part);
      }
    }
  }

  /** False when the request is rejected. */
  private static boolean passedOn(HttpRequest request, Read read) {
    RequestHead head;
    try {
      head = RequestHead.of(request);
    } catch (MalformedRequestException e) {
      return false;
    }
    ByteBuf out = Unpooled.buffer();
    head.write(out, CLIENT);
    read.head = out.toString(StandardCharsets.ISO_8859_1);
    EmbeddedChannel target = new EmbeddedChannel(new RequestDecoder());
    boolean _ = target.writeInbound(out);
    HttpRequest seen = target.readInbound();
    assertTrue(seen.decoderResult().isSuccess(), read.head);
    assertEquals(request.method(), seen.method(), read.head);
    assertEquals(1, seen.headers().getAll(HttpHeaderNames.HOST).size(), read.head);
    int lengths = seen.headers().getAll(HttpHeaderNames.CONTENT_LENGTH).size();
    int codings = seen.headers().getAll(HttpHeaderNames.TRANSFER_ENCODING).size();
    assertTrue(lengths + codings <= 1, read.head);
    assertEquals(head.isChunked() ? 1 : 0, codings, read.head);
    // No line end may be hidden inside a line.
    assertEquals(read.head.lines().count(), read.head.split("\r\n", -1).length - 1, read.head);
    boolean _ = target.finishAndReleaseAll();
    return true;
  }
}
