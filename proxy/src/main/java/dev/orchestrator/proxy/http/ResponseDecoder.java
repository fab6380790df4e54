package dev.orchestrator.proxy.http;

import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseDecoder;

/** Netty's decoder of responses, which also needs the request's method: HEAD has no body. */
final class ResponseDecoder extends HttpResponseDecoder {
  private boolean headRequest;
  private boolean silent;

  ResponseDecoder() {
    super(RequestDecoder.config().setStrictLineParsing(false));
  }

  /** To be called when a request is sent. */
  void expect(HttpMethod method) {
    silent = true;
    headRequest = method.equals(HttpMethod.HEAD);
  }

  /** True when nothing has come since the last request was sent. */
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
    return headRequest || super.isContentAlwaysEmpty(message);
  }
}
