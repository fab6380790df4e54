package dev.orchestrator.proxy.http;

import dev.orchestrator.proxy.epoll.ChannelHandoff;
import dev.orchestrator.proxy.epoll.EpollSocket;
import dev.orchestrator.proxy.epoll.HalfCloseWorkaround;
import dev.orchestrator.proxy.epoll.LoopContext;
import dev.orchestrator.proxy.gate.ClientConnection;
import dev.orchestrator.proxy.gate.HeldBytes;
import dev.orchestrator.proxy.gate.OpenRoute;
import dev.orchestrator.proxy.gate.RejectReason;
import dev.orchestrator.proxy.tcp.TcpRelay;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.codec.haproxy.HAProxyMessage;
import io.netty.handler.codec.haproxy.HAProxyMessageDecoder;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.util.ReferenceCountUtil;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A client's connection to an http route: one exchange after the other. It outlives a switch. To be
 * used on its event loop, but for the methods of {@link ClientConnection}.
 */
public final class HttpClientConnection extends ChannelInboundHandlerAdapter
    implements ClientConnection {
  /** A larger buffer for lines is given up between two requests. */
  private static final int LARGEST_IDLE_BUFFER = 4096;

  final OpenRoute route;
  final LoopContext loop;
  final int port;
  private final EpollSocketChannel channel;
  private RequestDecoder decoder = new RequestDecoder();
  private final OutputBuffer output;
  private final ClientIdentity identity;
  private final HttpTimeouts timeouts;
  private final ConnectionCloser closer;
  private final HeldBytes.Share heldBytes;
  private final CountDownLatch ended = new CountDownLatch(1);
  private @Nullable Exchange exchange;
  private @Nullable UpstreamConnection tunnelUpstream;
  private @Nullable ByteBuf tunnelReadAhead;
  private boolean requestSeen;
  private boolean inputEnded;

  /** No request is read any more: the connection closes, or has become a tunnel. */
  private boolean closing;

  private HttpClientConnection(
      OpenRoute route, LoopContext loop, int port, EpollSocketChannel channel) {
    this.route = route;
    this.loop = loop;
    this.port = port;
    this.channel = channel;
    this.output = new OutputBuffer(channel);
    this.identity = new ClientIdentity(route, loop, channel);
    this.timeouts = new HttpTimeouts(this);
    this.heldBytes = route.heldBytes.new Share();
    this.closer = new ConnectionCloser(channel, loop, output, this::unregister);
  }

  /**
   * Takes an accepted connection over. To be called on the loop.
   *
   * @param port the place among the ports of the route, counted from 0
   */
  public static void begin(OpenRoute route, LoopContext loop, int descriptor, int port) {
    EpollSocketChannel channel = new EpollSocketChannel(descriptor);
    channel.config().setAllowHalfClosure(true);
    HttpClientConnection client = new HttpClientConnection(route, loop, port, channel);
    if (route.options.acceptProxyProtocol()) {
      channel.pipeline().addLast(new HAProxyMessageDecoder());
    }
    channel.pipeline().addLast(client.decoder, client);
    route.sessions.clients().add(client);
    ChannelHandoff.register(channel, loop);
    client.timeouts.start();
  }

  OutputBuffer output() {
    return output;
  }

  boolean isWritable() {
    return channel.isWritable();
  }

  RequestDecoder decoder() {
    return decoder;
  }

  /** True when the client has ended its stream; it may still read. */
  boolean hasInputEnded() {
    return inputEnded;
  }

  ClientIdentity identity() {
    return identity;
  }

  @Nullable Exchange exchange() {
    return exchange;
  }

  /** True when the client has sent the head of a request before. */
  boolean hasSentRequest() {
    return requestSeen;
  }

  boolean isClosing() {
    return closing;
  }

  boolean isReading() {
    return channel.config().isAutoRead();
  }

  void setReading(boolean reading) {
    channel.config().setAutoRead(reading);
  }

  /** Takes note that bytes have moved: the connection is not idle. */
  void touch() {
    timeouts.touch();
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    touch();
    if (message instanceof HAProxyMessage header) {
      identity.setProxyHeader(header);
    } else if (tunnelUpstream != null && message instanceof ByteBuf bytes) {
      addTunnelReadAhead(bytes); // sent before the client has read that there is a tunnel
    } else if (closing) {
      ReferenceCountUtil.release(message);
    } else if (((HttpObject) message).decoderResult().isFailure()) {
      ReferenceCountUtil.release(message);
      reject(MalformedRequestException.of(((HttpObject) message).decoderResult().cause()));
    } else {
      if (message instanceof HttpRequest request) {
        beginExchange(request);
      }
      if (message instanceof HttpContent content) {
        if (exchange != null) {
          exchange.sendBody(content);
        } else {
          content.release();
        }
      }
    }
  }

  private void beginExchange(HttpRequest request) {
    requestSeen = true;
    try {
      Exchange next = new Exchange(this, RequestHead.of(request), decoder.headBeganNanos());
      exchange = next;
      if (heldBytes.resize(decoder.headMemory())) { // bytes behind the head are counted later
        next.begin();
      } else {
        rejectOverBytes();
      }
    } catch (MalformedRequestException e) {
      reject(e);
    }
  }

  private void reject(MalformedRequestException e) {
    reject(e.status(), String.valueOf(e.getMessage()));
  }

  /** Responds with an error that is the client's fault. */
  void reject(int status, String text) {
    route.counters.badRequests.increment();
    if (exchange != null) {
      exchange.fail(status, text);
    } else {
      respond(status, text);
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    if (!closing && !countHeldBytes()) {
      if (exchange != null && decoder.hasMore()) {
        // The running exchange was accepted: it goes on without the requests behind it.
        decoder.discardReadAhead(channel.pipeline().context(decoder));
      } else if (exchange == null || exchange.isWaiting()) {
        rejectOverBytes();
      }
    }
    if (exchange != null) {
      exchange.flushRequest();
    }
    if (decoder.hasMore()) {
      setReading(false); // a further request is not looked at before this exchange has ended
    }
  }

  /**
   * Counts the bytes of the client that are kept now; false when all clients' bytes are too many.
   */
  private boolean countHeldBytes() {
    Exchange current = exchange;
    return heldBytes.resize(
        decoder.headMemory()
            + decoder.undecodedBytes()
            + (current == null ? 0 : current.bufferedBodyBytes()));
  }

  private void rejectOverBytes() {
    route.countOverBytes();
    if (exchange != null) {
      exchange.rejected(RejectReason.FULL);
    } else {
      respond(503, RejectReason.FULL.text);
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    touch();
    if (exchange != null) {
      exchange.clientWritabilityChanged(channel.isWritable());
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (!(event instanceof ChannelInputShutdownEvent) || closing) {
      return;
    }
    inputEnded = true;
    HalfCloseWorkaround.keepWritable(channel);
    Exchange current = exchange;
    if (current == null) {
      close();
    } else if (!current.isRequestComplete() || (current.isWaiting() && route.gate.isHolding())) {
      abandonExchange();
      close();
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    closer.closeNow();
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    abandonExchange();
    closing = true;
    unregister();
    output.release();
    identity.close();
    releaseTunnelReadAhead();
    if (tunnelUpstream != null) {
      tunnelUpstream.abandon();
    }
  }

  /** Ends the running exchange, if there is one, as its client has left. */
  void abandonExchange() {
    Exchange current = exchange;
    exchange = null;
    if (current != null) {
      current.clientGone();
    }
  }

  /** Goes on after an exchange whose response is complete. */
  void exchangeCompleted(boolean close) {
    exchange = null;
    if (close || inputEnded || decoder.isDiscarding()) {
      if (!decoder.isInBody() && !decoder.hasMore() && !decoder.isDiscarding()) {
        closing = true;
        closer.closeWhenWritten();
      } else {
        closeLingering();
      }
      return;
    }
    setReading(true);
    if (decoder.resume()) {
      // Later, as the end of this response may be followed by more messages of the same read.
      loop.eventLoop.execute(this::decodeNext);
    } else {
      shrinkDecoder();
    }
    boolean _ = countHeldBytes(); // not more than before
  }

  /** Lets go of a large buffer for lines, which an idle connection must not keep. */
  private void shrinkDecoder() {
    if (decoder.lineBufferBytes() > LARGEST_IDLE_BUFFER) {
      RequestDecoder fresh = new RequestDecoder();
      channel.pipeline().replace(decoder, null, fresh);
      decoder = fresh;
    }
  }

  private void decodeNext() {
    ChannelHandlerContext context = channel.pipeline().context(decoder);
    if (!closing && exchange == null && context != null) {
      decoder.decodeNext(context);
    }
  }

  /** Responds with an error of the proxy's own; the connection ends with it. */
  void respond(int status, String text) {
    exchange = null;
    ErrorResponses.write(output.buffer(), status, text, route.gate.state());
    closeLingering();
  }

  /** Closes so that the client reads everything written, even if it still sends. */
  void closeLingering() {
    closing = true;
    exchange = null;
    removeDecoder();
    closer.closeLingering();
  }

  /** Removes the decoder, whose buffers are released so; bytes left in it come to channelRead. */
  private void removeDecoder() {
    if (channel.pipeline().context(decoder) != null) {
      channel.pipeline().remove(decoder);
    }
  }

  private void unregister() {
    timeouts.stop();
    boolean _ = heldBytes.resize(0);
    route.sessions.clients().remove(this);
    ended.countDown();
  }

  @Override
  public boolean awaitClosed(long nanos) throws InterruptedException {
    return ended.await(nanos, TimeUnit.NANOSECONDS);
  }

  /** Closes with a reset, so that the client sees that the response is not complete. */
  void reset() {
    closing = true;
    exchange = null;
    closer.reset();
  }

  @Override
  public void close() {
    loop.execute(closer::closeNow);
  }

  /** Relays bytes in both directions from now on, as the response has switched the protocol. */
  void openTunnel(UpstreamConnection upstream, boolean webSocket) {
    closing = true;
    exchange = null;
    tunnelUpstream = upstream;
    setReading(false);
    removeDecoder();
    closer.toSocket(client -> openTunnel(upstream, client, webSocket), () -> {});
  }

  private void openTunnel(UpstreamConnection upstream, EpollSocket client, boolean webSocket) {
    tunnelUpstream = null;
    upstream.toSocket(
        (target, targetReadAhead) -> {
          TcpRelay relay = new TcpRelay(route, upstream.backend(), loop, client, target);
          if (webSocket) {
            relay.setStreamEnding(new WebSocketFrames());
          }
          if (targetReadAhead != null) {
            relay.sendFirstToClient(targetReadAhead);
          }
          relay.start(null, takeTunnelReadAhead());
        },
        () -> {
          releaseTunnelReadAhead();
          client.close();
        });
  }

  private void addTunnelReadAhead(ByteBuf bytes) {
    ByteBuf before = tunnelReadAhead;
    tunnelReadAhead = before == null ? bytes : Unpooled.wrappedBuffer(before, bytes);
  }

  private @Nullable ByteBuf takeTunnelReadAhead() {
    ByteBuf bytes = tunnelReadAhead;
    tunnelReadAhead = null;
    return bytes;
  }

  private void releaseTunnelReadAhead() {
    ByteBuf bytes = takeTunnelReadAhead();
    if (bytes != null) {
      bytes.release();
    }
  }
}
