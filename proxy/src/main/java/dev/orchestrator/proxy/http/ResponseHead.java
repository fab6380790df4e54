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

/** The head of a target's answer, written for the client. RFC 9110 and 9112. */
final class ResponseHead {
  /** How the client sees where the body ends. */
  enum Framing {
    NO_BODY,
    LENGTH,
    CHUNKED,
    /** HTTP/1.0: by the end of the connection. */
    UNTIL_CLOSE
  }

  final HttpResponse response;
  final Framing framing;
  private final HopByHopHeaders hops;

  ResponseHead(HttpResponse response, RequestHead asked) {
    this.response = response;
    this.hops = HopByHopHeaders.of(response.headers());
    int code = response.status().code();
    if (interim() || code == 204 || code == 304 || asked.request.method().equals(HttpMethod.HEAD)) {
      framing = Framing.NO_BODY;
    } else if (response.headers().contains(HttpHeaderNames.CONTENT_LENGTH)) {
      framing = Framing.LENGTH;
    } else {
      framing = asked.old() ? Framing.UNTIL_CLOSE : Framing.CHUNKED;
    }
  }

  int code() {
    return response.status().code();
  }

  /** Another answer follows: 100, 102, 103. */
  boolean interim() {
    return response.status().codeClass() == HttpStatusClass.INFORMATIONAL && code() != 101;
  }

  boolean switches() {
    return code() == 101;
  }

  /** Whether the target's connection can be used again. */
  boolean keepsAlive() {
    boolean newer = response.protocolVersion().isKeepAliveDefault();
    boolean bounded =
        framing == Framing.NO_BODY
            || framing == Framing.LENGTH
            || HttpUtil.isTransferEncodingChunked(response);
    return bounded && (newer ? !hops.close() : hops.keepAlive());
  }

  /**
   * Writes it as the client is to see it.
   *
   * @param close the connection ends with this answer
   * @param old the client speaks HTTP/1.0
   */
  void write(ByteBuf out, boolean close, boolean old) {
    ByteBufUtil.writeAscii(out, "HTTP/1.1 ");
    ByteBufUtil.writeAscii(out, response.status().codeAsText());
    out.writeByte(' ');
    ByteBufUtil.writeAscii(out, response.status().reasonPhrase());
    out.writeShort('\r' << 8 | '\n');
    Iterator<Map.Entry<CharSequence, CharSequence>> fields =
        response.headers().iteratorCharSequence();
    while (fields.hasNext()) {
      Map.Entry<CharSequence, CharSequence> field = fields.next();
      if (!hops.dropped(field.getKey())) {
        ByteBufUtil.writeAscii(out, field.getKey());
        out.writeShort(':' << 8 | ' ');
        ByteBufUtil.writeAscii(out, field.getValue());
        out.writeShort('\r' << 8 | '\n');
      }
    }
    if (framing == Framing.CHUNKED) {
      ByteBufUtil.writeAscii(out, "transfer-encoding: chunked\r\n");
    }
    if (switches()) {
      ByteBufUtil.writeAscii(out, "connection: upgrade\r\nupgrade: ");
      String to = response.headers().get(HttpHeaderNames.UPGRADE);
      ByteBufUtil.writeAscii(out, to == null ? "" : to);
      out.writeShort('\r' << 8 | '\n');
    } else if (close) {
      ByteBufUtil.writeAscii(out, "connection: close\r\n");
    } else if (old) {
      ByteBufUtil.writeAscii(out, "connection: keep-alive\r\n");
    }
    out.writeShort('\r' << 8 | '\n');
  }
}
