package dev.orchestrator.proxy.http;

import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseDecoder;

/** Netty's decoder of answers, told of the one thing that they don't say: what was asked for. */
final class ResponseDecoder extends HttpResponseDecoder {
  private boolean head;
  private boolean silent;

  ResponseDecoder() {
    super(RequestDecoder.config().setStrictLineParsing(false));
  }

  void expect(HttpMethod method) {
    silent = true;
    head = method.equals(HttpMethod.HEAD);
  }

  /** Nothing has come since then. */
  boolean isSilent() {
    return silent;
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) throws Exception {
    silent = false;
    super.channelRead(context, message);
  }

  @Override
  protected boolean isContentAlwaysEmpty(HttpMessage message) {
    return head || super.isContentAlwaysEmpty(message);
  }
}
