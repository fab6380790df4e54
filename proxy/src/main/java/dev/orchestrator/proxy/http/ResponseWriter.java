package dev.orchestrator.proxy.http;

import dev.orchestrator.proxy.http.ResponseHead.Framing;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpResponse;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/** What a client gets for one request: the target's answer in the framing that it understands. */
final class ResponseWriter {
  private final OutputBuffer out;
  private final RequestHead asked;
  private @Nullable ResponseHead head;
  private boolean closes;

  ResponseWriter(OutputBuffer out, RequestHead asked) {
    this.out = out;
    this.asked = asked;
  }

  /** The head of the last answer; null while there is none, or only interim ones. */
  @Nullable ResponseHead head() {
    return head;
  }

  /** A part of it is with the client, or on its way. */
  boolean begun() {
    return head != null;
  }

  /** The client's connection ends with it. */
  boolean closes() {
    return closes;
  }

  /** The client could take the end of its connection for the end of the answer. */
  boolean endsSilently() {
    return head != null && head.framing == Framing.UNTIL_CLOSE;
  }

  /**
   * Takes a head; an interim one goes on at once, if the client knows such.
   *
   * @return whether another follows
   */
  boolean isInterim(HttpResponse response, LongAdder bytes) {
    ResponseHead got = new ResponseHead(response, asked);
    if (!got.interim()) {
      head = got;
    } else if (!asked.old()) {
      write(got, bytes);
    }
    return got.interim();
  }

  /** Passes the head on. */
  void begin(ResponseHead got, boolean close, LongAdder bytes) {
    closes = close || got.framing == Framing.UNTIL_CLOSE;
    write(got, bytes);
  }

  private void write(ResponseHead got, LongAdder bytes) {
    ByteBuf buffer = out.buffer();
    int before = buffer.readableBytes();
    got.write(buffer, closes, asked.old());
    bytes.add(buffer.readableBytes() - before);
  }

  /** Passes a part of the body on, taken over. */
  void body(ResponseHead got, HttpContent content, LongAdder bytes) {
    if (got.framing == Framing.NO_BODY) {
      content.release();
    } else {
      bytes.add(out.content(content, got.framing == Framing.CHUNKED));
    }
  }
}
