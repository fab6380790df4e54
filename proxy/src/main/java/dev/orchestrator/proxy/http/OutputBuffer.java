package dev.orchestrator.proxy.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.LastHttpContent;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Gathers what goes out on a channel, so that a small message is one buffer and one write. */
final class OutputBuffer {
  private static final int SMALL = 4096;
  private static final int FIRST = 1024;

  private final Channel channel;
  private @Nullable ByteBuf buffer;
  private boolean unflushed;

  OutputBuffer(Channel channel) {
    this.channel = channel;
  }

  /** For more bytes behind those gathered. */
  ByteBuf buffer() {
    ByteBuf now = buffer;
    if (now == null) {
      now = channel.alloc().directBuffer(FIRST);
      buffer = now;
    }
    return now;
  }

  /**
   * A part of a body, taken over.
   *
   * @return the bytes of the body itself
   */
  int content(HttpContent content, boolean chunked) {
    int size = content.content().readableBytes();
    if (chunked && size > 0) {
      ByteBufUtil.writeAscii(buffer(), Integer.toHexString(size));
      crlf();
      add(content);
      crlf();
    } else {
      add(content);
    }
    if (chunked && content instanceof LastHttpContent last) {
      ByteBufUtil.writeAscii(buffer(), "0\r\n");
      for (Map.Entry<String, String> field : last.trailingHeaders()) {
        ByteBufUtil.writeAscii(buffer(), field.getKey());
        ByteBufUtil.writeAscii(buffer(), ": ");
        ByteBufUtil.writeAscii(buffer(), field.getValue());
        crlf();
      }
      crlf();
    }
    return size;
  }

  private void crlf() {
    buffer().writeShort('\r' << 8 | '\n');
  }

  private void add(HttpContent content) {
    ByteBuf bytes = content.content();
    if (bytes.readableBytes() <= SMALL) {
      if (bytes.isReadable()) {
        buffer().writeBytes(bytes);
      }
      content.release();
    } else {
      passOn();
      unflushed = true;
      var _ = channel.write(bytes, channel.voidPromise());
    }
  }

  private void passOn() {
    ByteBuf now = buffer;
    if (now != null) {
      buffer = null;
      unflushed = true;
      var _ = channel.write(now, channel.voidPromise());
    }
  }

  void flush() {
    passOn();
    if (unflushed) {
      unflushed = false;
      channel.flush();
    }
  }

  void release() {
    if (buffer != null) {
      buffer.release();
      buffer = null;
    }
  }
}
