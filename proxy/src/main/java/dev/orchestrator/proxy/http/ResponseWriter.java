package dev.orchestrator.proxy.http;

import dev.orchestrator.proxy.http.ResponseHead.Framing;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpResponse;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/** Writes the target's response to a request for the client, in the framing that it understands. */
final class ResponseWriter {
  private final OutputBuffer output;
  private final RequestHead request;
  private @Nullable ResponseHead head;
  private boolean closesConnection;

  ResponseWriter(OutputBuffer output, RequestHead request) {
    this.output = output;
    this.request = request;
  }

  /** The head of the final response; null while there is none, or only interim responses. */
  @Nullable ResponseHead head() {
    return head;
  }

  /** True when a part of the final response may have been sent to the client. */
  boolean hasBegun() {
    return head != null;
  }

  /** True when the client's connection ends with the response. */
  boolean closesConnection() {
    return closesConnection;
  }

  /** True when the end of the connection is the end of the response for the client. */
  boolean endsByClose() {
    return head != null && head.framing == Framing.UNTIL_CLOSE;
  }

  /**
   * Takes the head of a response. An interim response is written at once, if the client's version
   * of HTTP has such.
   *
   * @return whether it is an interim response, and another follows
   */
  boolean takeHead(HttpResponse response, LongAdder bytes) {
    ResponseHead received = new ResponseHead(response, request);
    if (!received.isInterim()) {
      head = received;
    } else if (!request.isHttp10()) {
      write(received, bytes);
    }
    return received.isInterim();
  }

  /** Writes the head of the final response. */
  void begin(ResponseHead begun, boolean close, LongAdder bytes) {
    closesConnection = close || begun.framing == Framing.UNTIL_CLOSE;
    write(begun, bytes);
  }

  private void write(ResponseHead written, LongAdder bytes) {
    ByteBuf buffer = output.buffer();
    int before = buffer.readableBytes();
    written.write(buffer, closesConnection, request.isHttp10());
    bytes.add(buffer.readableBytes() - before);
  }

  /** Writes a part of the body; it is released. */
  void writeBody(ResponseHead begun, HttpContent content, LongAdder bytes) {
    if (begun.framing == Framing.NO_BODY) {
      content.release();
    } else {
      bytes.add(output.writeContent(content, begun.framing == Framing.CHUNKED));
    }
  }
}
