package dev.orchestrator.proxy.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.LastHttpContent;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Gathers the output of a channel, so that a small message is one buffer and one write. */
final class OutputBuffer {
  private static final int LARGEST_COPIED = 4096;
  private static final int INITIAL_SIZE = 1024;

  private final Channel channel;
  private @Nullable ByteBuf buffer;
  private boolean unflushed;

  OutputBuffer(Channel channel) {
    this.channel = channel;
  }

  /** The buffer to append more bytes to. */
  ByteBuf buffer() {
    ByteBuf now = buffer;
    if (now == null) {
      now = channel.alloc().directBuffer(INITIAL_SIZE);
      buffer = now;
    }
    return now;
  }

  /**
   * Appends a part of a body; it is released.
   *
   * @param chunked frames it as a chunk; the last part is followed by the trailers
   * @return the number of bytes without the framing
   */
  int writeContent(HttpContent content, boolean chunked) {
    int size = content.content().readableBytes();
    if (chunked && size > 0) {
      ByteBufUtil.writeAscii(buffer(), Integer.toHexString(size));
      writeCrlf();
      append(content);
      writeCrlf();
    } else {
      append(content);
    }
    if (chunked && content instanceof LastHttpContent last) {
      ByteBufUtil.writeAscii(buffer(), "0\r\n");
      for (Map.Entry<String, String> field : last.trailingHeaders()) {
        ByteBufUtil.writeAscii(buffer(), field.getKey());
        ByteBufUtil.writeAscii(buffer(), ": ");
        ByteBufUtil.writeAscii(buffer(), field.getValue());
        writeCrlf();
      }
      writeCrlf();
    }
    return size;
  }

  private void writeCrlf() {
    buffer().writeShort('\r' << 8 | '\n');
  }

  private void append(HttpContent content) {
    ByteBuf bytes = content.content();
    if (bytes.readableBytes() <= LARGEST_COPIED) {
      if (bytes.isReadable()) {
        buffer().writeBytes(bytes);
      }
      content.release();
    } else {
      writeBuffer();
      unflushed = true;
      var _ = channel.write(bytes, channel.voidPromise());
    }
  }

  private void writeBuffer() {
    ByteBuf now = buffer;
    if (now != null) {
      buffer = null;
      unflushed = true;
      var _ = channel.write(now, channel.voidPromise());
    }
  }

  void flush() {
    writeBuffer();
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
