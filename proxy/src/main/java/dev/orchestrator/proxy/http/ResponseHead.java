package dev.orchestrator.proxy.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.HttpUtil;
import java.util.Iterator;
import java.util.Map;

/** The head of a target's response, and how it is written for the client. RFC 9110 and 9112. */
final class ResponseHead {
  /** How the client finds the end of the body. */
  enum Framing {
    NO_BODY,
    LENGTH,
    CHUNKED,
    /** The end of the connection is the end of the body: for a client that speaks HTTP/1.0. */
    UNTIL_CLOSE
  }

  final HttpResponse response;
  final Framing framing;
  private final HopByHopHeaders hopByHop;

  ResponseHead(HttpResponse response, RequestHead request) {
    this.response = response;
    this.hopByHop = HopByHopHeaders.of(response.headers());
    int code = response.status().code();
    if (isInterim()
        || code == 204
        || code == 304
        || request.request.method().equals(HttpMethod.HEAD)) {
      framing = Framing.NO_BODY;
    } else if (response.headers().contains(HttpHeaderNames.CONTENT_LENGTH)) {
      framing = Framing.LENGTH;
    } else {
      framing = request.isHttp10() ? Framing.UNTIL_CLOSE : Framing.CHUNKED;
    }
  }

  int code() {
    return response.status().code();
  }

  /** True for 100, 102 and 103, which another response follows. */
  boolean isInterim() {
    return response.status().codeClass() == HttpStatusClass.INFORMATIONAL && code() != 101;
  }

  boolean switchesProtocol() {
    return code() == 101;
  }

  boolean switchesToWebSocket() {
    return response.headers().containsValue(HttpHeaderNames.UPGRADE, "websocket", true);
  }

  /** True when the connection to the target can serve another request. */
  boolean keepsAlive() {
    boolean newer = response.protocolVersion().isKeepAliveDefault();
    boolean bounded =
        framing == Framing.NO_BODY
            || framing == Framing.LENGTH
            || HttpUtil.isTransferEncodingChunked(response);
    return bounded && (newer ? !hopByHop.hasClose() : hopByHop.hasKeepAlive());
  }

  /**
   * Writes the head as the client gets it.
   *
   * @param close the connection ends with this response
   * @param http10 the client speaks HTTP/1.0
   */
  void write(ByteBuf out, boolean close, boolean http10) {
    ByteBufUtil.writeAscii(out, "HTTP/1.1 ");
    ByteBufUtil.writeAscii(out, response.status().codeAsText());
    out.writeByte(' ');
    ByteBufUtil.writeAscii(out, response.status().reasonPhrase());
    out.writeShort('\r' << 8 | '\n');
    Iterator<Map.Entry<CharSequence, CharSequence>> fields =
        response.headers().iteratorCharSequence();
    while (fields.hasNext()) {
      Map.Entry<CharSequence, CharSequence> field = fields.next();
      if (!hopByHop.isDropped(field.getKey())) {
        ByteBufUtil.writeAscii(out, field.getKey());
        out.writeShort(':' << 8 | ' ');
        ByteBufUtil.writeAscii(out, field.getValue());
        out.writeShort('\r' << 8 | '\n');
      }
    }
    if (framing == Framing.CHUNKED) {
      ByteBufUtil.writeAscii(out, "transfer-encoding: chunked\r\n");
    }
    if (switchesProtocol()) {
      ByteBufUtil.writeAscii(out, "connection: upgrade\r\nupgrade: ");
      String to = response.headers().get(HttpHeaderNames.UPGRADE);
      ByteBufUtil.writeAscii(out, to == null ? "" : to);
      out.writeShort('\r' << 8 | '\n');
    } else if (close) {
      ByteBufUtil.writeAscii(out, "connection: close\r\n");
    } else if (http10) {
      ByteBufUtil.writeAscii(out, "connection: keep-alive\r\n");
    }
    out.writeShort('\r' << 8 | '\n');
  }
}
