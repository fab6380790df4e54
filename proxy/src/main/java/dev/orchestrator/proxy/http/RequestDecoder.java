package dev.orchestrator.proxy.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.DecoderResult;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import java.util.List;

/**
 * Netty's decoder of requests, with two changes. It refuses a header line that is folded (RFC 9112,
 * 5.2), which Netty repairs and other programs read differently. And it stops behind each request
 * until {@link #resume}, so that requests sent ahead are not decoded while an exchange runs.
 */
final class RequestDecoder extends HttpRequestDecoder {
  static final int LONGEST_LINE = 16_384;
  static final int LARGEST_HEAD = 65_536;

  /** Objects of a field on the heap, without its bytes. */
  private static final int BYTES_OF_A_FIELD = 160;

  private boolean inHead = true;
  private boolean stopped;
  private boolean failed;
  private boolean discarding;
  private long headBeganNanos;
  private int headBytes;
  private int headLines;
  private int longestLine;

  RequestDecoder() {
    super(config());
  }

  static HttpDecoderConfig config() {
    return new HttpDecoderConfig()
        .setMaxInitialLineLength(LONGEST_LINE)
        .setMaxHeaderSize(LARGEST_HEAD)
        .setMaxChunkSize(LARGEST_HEAD)
        .setAllowDuplicateContentLengths(false)
        .setStrictLineParsing(true)
        .setUseRfc9112TransferEncoding(true);
  }

  /** When the first byte of the current request came, by System.nanoTime; 0 before it. */
  long headBeganNanos() {
    return headBeganNanos;
  }

  /** True when a head has begun and is not complete. */
  boolean isHeadIncomplete() {
    return inHead && headBeganNanos != 0;
  }

  /** True when bytes have come behind the last request. */
  boolean hasMore() {
    return stopped && actualReadableBytes() > 0;
  }

  /** True when the body of a request is not complete. */
  boolean isInBody() {
    return !inHead;
  }

  /**
   * Lets the next request come.
   *
   * @return whether bytes of it have come already, and {@link #decodeNext} is to be called
   */
  boolean resume() {
    boolean more = hasMore();
    stopped = false;
    headBeganNanos = 0;
    headBytes = 0;
    headLines = 0;
    return more;
  }

  /**
   * About the number of bytes of memory that the current request's head takes, with the buffer for
   * lines that Netty's decoder keeps for as long as it lives.
   */
  long headMemory() {
    return headBytes + (long) headLines * BYTES_OF_A_FIELD + lineBufferBytes();
  }

  /** The number of bytes that are not decoded yet. */
  int undecodedBytes() {
    return actualReadableBytes();
  }

  /** The buffer has the size of the longest line so far, rounded up to a power of two. */
  int lineBufferBytes() {
    return longestLine == 0 ? 0 : Integer.highestOneBit(longestLine) << 1;
  }

  /** Throws away the bytes behind the current request, and those that still come. */
  void discardReadAhead(ChannelHandlerContext ctx) {
    discarding = true;
    decodeNext(ctx);
  }

  /** True when requests behind the current one are lost. */
  boolean isDiscarding() {
    return discarding;
  }

  /** Decodes the bytes that came behind the last request. */
  void decodeNext(ChannelHandlerContext ctx) {
    try {
      channelRead(ctx, Unpooled.EMPTY_BUFFER);
      channelReadComplete(ctx);
    } catch (Exception e) { // as Netty declares it
      ctx.fireExceptionCaught(e);
    }
  }

  @Override
  protected void decode(ChannelHandlerContext ctx, ByteBuf buffer, List<Object> out)
      throws Exception {
    if (discarding) {
      buffer.skipBytes(buffer.readableBytes());
      return;
    }
    if (stopped) {
      // Ends Netty's reads now; else there could be sixteen more before the end of the event.
      ctx.channel().config().setAutoRead(false);
      return;
    }
    if (failed) {
      buffer.skipBytes(buffer.readableBytes());
      return;
    }
    if (inHead) {
      if (headBeganNanos == 0 && buffer.isReadable()) {
        headBeganNanos = System.nanoTime();
      }
      if (hasFoldedLine(buffer)) {
        buffer.skipBytes(buffer.readableBytes());
        failed = true;
        out.add(failure());
        return;
      }
    }
    int before = out.size();
    boolean wasInHead = inHead;
    int unread = buffer.readableBytes();
    super.decode(ctx, buffer, out);
    if (wasInHead) {
      headBytes += unread - buffer.readableBytes();
    }
    for (int i = before; i < out.size(); i++) {
      inHead &= !(out.get(i) instanceof HttpRequest);
      if (out.get(i) instanceof LastHttpContent) {
        inHead = true;
        stopped = true;
      }
    }
  }

  /** Checks the first byte of each line in the buffer, up to the empty line. */
  private boolean hasFoldedLine(ByteBuf buffer) {
    int end = buffer.writerIndex();
    int line = buffer.readerIndex();
    while (line < end) {
      byte first = buffer.getByte(line);
      if (first == ' ' || first == '\t') {
        return true;
      }
      if (first == '\r' || first == '\n') {
        return false;
      }
      int feed = buffer.indexOf(line, end, (byte) '\n');
      if (feed >= 0) {
        headLines++; // the lines up to here are decoded now, and do not come again
        longestLine = Math.max(longestLine, feed - line);
      }
      line = feed < 0 ? end : feed + 1;
    }
    return false;
  }

  private static HttpRequest failure() {
    HttpRequest request = new DefaultHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.GET, "/");
    request.setDecoderResult(
        DecoderResult.failure(new IllegalArgumentException("a header line is folded")));
    return request;
  }
}
