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
 * Netty's decoder of requests, made stricter and slower: it refuses a header line that is folded
 * (RFC 9112, 5.2), which Netty mends and others don't, and stops behind each request until it is
 * told to go on, so that what a client sends ahead is not taken apart before its time.
 */
final class RequestDecoder extends HttpRequestDecoder {
  static final int LONGEST_LINE = 16_384;
  static final int LARGEST_HEAD = 65_536;

  private boolean inHead = true;
  private boolean stopped;
  private boolean dead;
  private long headBegan;

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

  /** When the first byte of a head came that is not complete, or the last one that was; else 0. */
  long headBegan() {
    return headBegan;
  }

  /** A head has begun and is not complete. */
  boolean headIncomplete() {
    return inHead && headBegan != 0;
  }

  /** Something was sent behind the last request. */
  boolean hasMore() {
    return stopped && actualReadableBytes() > 0;
  }

  /** The body of a request is not complete. */
  boolean inBody() {
    return !inHead;
  }

  /** The next request may come; true when some of it has, and {@link #goOn} is to be called. */
  boolean resume() {
    boolean more = hasMore();
    stopped = false;
    headBegan = 0;
    return more;
  }

  void goOn(ChannelHandlerContext ctx) {
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
    if (stopped) {
      return;
    }
    if (dead) {
      buffer.skipBytes(buffer.readableBytes());
      return;
    }
    if (inHead) {
      if (headBegan == 0 && buffer.isReadable()) {
        headBegan = System.nanoTime();
      }
      if (folded(buffer)) {
        buffer.skipBytes(buffer.readableBytes());
        dead = true;
        out.add(refused());
        return;
      }
    }
    int before = out.size();
    super.decode(ctx, buffer, out);
    for (int i = before; i < out.size(); i++) {
      inHead &= !(out.get(i) instanceof HttpRequest);
      if (out.get(i) instanceof LastHttpContent) {
        inHead = true;
        stopped = true;
      }
    }
  }

  /** Looks at the start of each line up to the empty one; complete ones before are gone already. */
  private static boolean folded(ByteBuf buffer) {
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
      line = feed < 0 ? end : feed + 1;
    }
    return false;
  }

  private static HttpRequest refused() {
    HttpRequest request = new DefaultHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.GET, "/");
    request.setDecoderResult(
        DecoderResult.failure(new IllegalArgumentException("a header line is folded")));
    return request;
  }
}
