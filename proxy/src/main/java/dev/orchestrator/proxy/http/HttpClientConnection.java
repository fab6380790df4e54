package dev.orchestrator.proxy.http;

import dev.orchestrator.proxy.epoll.ChannelHandoff;
import dev.orchestrator.proxy.epoll.EpollSocket;
import dev.orchestrator.proxy.epoll.HalfCloseWorkaround;
import dev.orchestrator.proxy.epoll.LoopContext;
import dev.orchestrator.proxy.gate.ClientConnection;
import dev.orchestrator.proxy.gate.OpenRoute;
import dev.orchestrator.proxy.tcp.TcpRelay;
import io.netty.buffer.ByteBuf;
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

/** A client's connection to an http route: one exchange after the other. It outlives a switch. */
public final class HttpClientConnection extends ChannelInboundHandlerAdapter
    implements ClientConnection {
  final OpenRoute route;
  final LoopContext lane;
  final int port;
  private final EpollSocketChannel channel;
  private final RequestDecoder decoder = new RequestDecoder();
  private final OutputBuffer out;
  private final ClientIdentity caller;
  private final HttpTimeouts patience;
  private final ConnectionCloser closing;
  private final CountDownLatch gone = new CountDownLatch(1);
  private @Nullable Exchange exchange;
  private @Nullable UpstreamConnection tunnelled;
  private @Nullable ByteBuf early;
  private boolean greeted;
  private boolean inputEnded;
  private boolean over;

  private HttpClientConnection(
      OpenRoute route, LoopContext lane, int port, EpollSocketChannel channel) {
    this.route = route;
    this.lane = lane;
    this.port = port;
    this.channel = channel;
    this.out = new OutputBuffer(channel);
    this.caller = new ClientIdentity(route, lane, channel);
    this.patience = new HttpTimeouts(this, decoder);
    this.closing = new ConnectionCloser(channel, lane, out, this::leave);
  }

  /** Takes an accepted connection over. */
  public static void begin(OpenRoute route, LoopContext lane, int descriptor, int port) {
    EpollSocketChannel channel = new EpollSocketChannel(descriptor);
    channel.config().setAllowHalfClosure(true);
    HttpClientConnection front = new HttpClientConnection(route, lane, port, channel);
    if (route.route.options().acceptProxyProtocol()) {
      channel.pipeline().addLast(new HAProxyMessageDecoder());
    }
    channel.pipeline().addLast(front.decoder, front);
    route.sessions.clients().add(front);
    ChannelHandoff.register(channel, lane);
    front.patience.begin();
  }

  OutputBuffer out() {
    return out;
  }

  boolean isWritable() {
    return channel.isWritable();
  }

  boolean inputEnded() {
    return inputEnded;
  }

  ClientIdentity caller() {
    return caller;
  }

  @Nullable Exchange exchange() {
    return exchange;
  }

  /** It has sent a request. */
  boolean hasGreeted() {
    return greeted;
  }

  boolean isOver() {
    return over;
  }

  boolean isReading() {
    return channel.config().isAutoRead();
  }

  void read(boolean wanted) {
    channel.config().setAutoRead(wanted);
  }

  void touch() {
    patience.touch();
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    touch();
    if (message instanceof HAProxyMessage header) {
      caller.told(header);
    } else if (over && message instanceof ByteBuf bytes) {
      early = bytes; // what was sent ahead, into a tunnel
    } else if (over) {
      ReferenceCountUtil.release(message);
    } else if (((HttpObject) message).decoderResult().isFailure()) {
      ReferenceCountUtil.release(message);
      refuse(((HttpObject) message).decoderResult().cause());
    } else {
      if (message instanceof HttpRequest request) {
        accept(request);
      }
      if (message instanceof HttpContent content) {
        if (exchange != null) {
          exchange.body(content);
        } else {
          content.release();
        }
      }
    }
  }

  private void accept(HttpRequest request) {
    greeted = true;
    try {
      Exchange next = new Exchange(this, RequestHead.of(request), decoder.headBegan());
      exchange = next;
      next.begin();
    } catch (MalformedRequestException e) {
      refuse(e.status(), String.valueOf(e.getMessage()));
    }
  }

  private void refuse(@Nullable Throwable cause) {
    MalformedRequestException bad = MalformedRequestException.of(cause);
    refuse(bad.status(), String.valueOf(bad.getMessage()));
  }

  /** The client's fault. */
  void refuse(int status, String text) {
    route.counters.badRequests.increment();
    if (exchange != null) {
      exchange.fail(status, text);
    } else {
      reply(status, text);
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    if (exchange != null) {
      exchange.flushRequest();
    }
    if (decoder.hasMore()) {
      read(false); // the next one has its time later
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    touch();
    if (exchange != null) {
      exchange.frontWritable(channel.isWritable());
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (!(event instanceof ChannelInputShutdownEvent) || over) {
      return;
    }
    inputEnded = true;
    HalfCloseWorkaround.keepWritable(channel);
    Exchange current = exchange;
    if (current == null) {
      close();
    } else if (!current.isRequestComplete() || (current.waits() && route.gate.holding())) {
      gone();
      close();
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    closing.now();
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    gone();
    over = true;
    leave();
    out.release();
    caller.close();
    if (tunnelled != null) {
      tunnelled.abandon();
    }
  }

  /** The client left, as far as the exchange goes. */
  void gone() {
    Exchange current = exchange;
    exchange = null;
    if (current != null) {
      current.clientGone();
    }
  }

  /** The exchange is over, and was answered in full. */
  void answered(boolean close) {
    exchange = null;
    if (close || inputEnded) {
      if (!decoder.inBody() && !decoder.hasMore()) {
        over = true;
        closing.end();
      } else {
        farewell();
      }
      return;
    }
    read(true);
    if (decoder.resume()) {
      // Not from within: the answer's end may be one of several things just read.
      lane.loop.execute(this::goOn);
    }
  }

  private void goOn() {
    ChannelHandlerContext context = channel.pipeline().context(decoder);
    if (!over && exchange == null && context != null) {
      decoder.goOn(context);
    }
  }

  /** Answers with an error of the proxy's own; the connection ends with it. */
  void reply(int status, String text) {
    exchange = null;
    ErrorResponses.write(out.buffer(), status, text, route.gate.state());
    farewell();
  }

  /** Closes so that the client reads all that was written, whatever it still sends. */
  void farewell() {
    over = true;
    exchange = null;
    closing.farewell();
  }

  private void leave() {
    patience.end();
    route.sessions.clients().remove(this);
    gone.countDown();
  }

  @Override
  public boolean awaitClosed(long nanos) throws InterruptedException {
    return gone.await(nanos, TimeUnit.NANOSECONDS);
  }

  void reset() {
    over = true;
    exchange = null;
    closing.reset();
  }

  @Override
  public void close() {
    closing.now();
  }

  /** The answer was a change of protocol: from now on bytes go both ways. */
  void tunnel(UpstreamConnection upstream) {
    over = true;
    exchange = null;
    tunnelled = upstream;
    read(false);
    channel.pipeline().remove(decoder);
    closing.toWire(mine -> tunnel(upstream, mine));
  }

  private void tunnel(UpstreamConnection upstream, EpollSocket mine) {
    tunnelled = null;
    upstream.toWire(
        (target, said) -> {
          TcpRelay link = new TcpRelay(route, upstream.lead(), lane, mine, target);
          if (said != null) {
            link.precedeDown(said);
          }
          link.start(null, early);
        },
        mine::close);
  }
}
