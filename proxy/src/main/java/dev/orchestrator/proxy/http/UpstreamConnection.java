package dev.orchestrator.proxy.http;

import dev.orchestrator.proxy.epoll.ChannelHandoff;
import dev.orchestrator.proxy.epoll.EpollSocket;
import dev.orchestrator.proxy.epoll.LoopContext;
import dev.orchestrator.proxy.gate.OpenRoute;
import dev.orchestrator.proxy.gate.ResolvedBackend;
import dev.orchestrator.proxy.gate.Session;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.CompositeByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.handler.codec.DecoderResultProvider;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import org.jspecify.annotations.Nullable;

/**
 * A connection to a target of an http route: it serves one request after the other, of whatever
 * client, and is kept in the lane's store between them. On the lane's loop, but for what a session
 * has.
 */
final class UpstreamConnection extends Session {
  private final LoopContext lane;
  private final int port;
  private final EpollSocketChannel channel;
  private final ResponseDecoder decoder = new ResponseDecoder();
  private final OutputBuffer out;
  private volatile boolean busy;
  private @Nullable Exchange exchange;
  private @Nullable CompositeByteBuf raw;
  private boolean used;
  private boolean interim;

  private UpstreamConnection(
      OpenRoute route,
      ResolvedBackend lead,
      LoopContext lane,
      int port,
      EpollSocketChannel channel) {
    super(route, lead);
    this.lane = lane;
    this.port = port;
    this.channel = channel;
    this.out = new OutputBuffer(channel);
  }

  /** Takes over a connection that has just been made; on the lane's loop. */
  static UpstreamConnection on(
      OpenRoute route, ResolvedBackend lead, LoopContext lane, int port, EpollSocket target) {
    EpollSocketChannel channel = ChannelHandoff.of(target);
    UpstreamConnection upstream = new UpstreamConnection(route, lead, lane, port, channel);
    upstream.busy = true;
    upstream.begun();
    channel.pipeline().addLast(upstream.decoder, upstream.new Handler());
    ChannelHandoff.register(channel, lane);
    return upstream;
  }

  @Override
  public boolean isBusy() {
    return busy;
  }

  boolean leadsTo(ResolvedBackend other, int otherPort) {
    return port == otherPort && lead().equals(other);
  }

  boolean sameAs(UpstreamConnection other) {
    return leadsTo(other.lead(), other.port);
  }

  boolean leads() {
    return route().gate.leadsTo(lead().side());
  }

  /** It has served a request before: the target may be about to close it. */
  boolean used() {
    return used;
  }

  /** Not a byte of an answer has come. */
  boolean isFirstByteMissing() {
    return decoder.isSilent();
  }

  /** Nobody waits for the answer any more. */
  void abandon() {
    exchange = null;
    close();
  }

  /** Bytes that go before everything else; taken over. */
  void precede(ByteBuf header) {
    out.buffer().writeBytes(header);
    header.release();
  }

  void begin(Exchange next, RequestHead head, RequestHead.Client client) {
    exchange = next;
    busy = true;
    interim = false;
    decoder.expect(head.request.method());
    ByteBuf buffer = out.buffer();
    int before = buffer.readableBytes();
    head.write(buffer, client);
    lead().counters().bytesIn.add(buffer.readableBytes() - before);
  }

  /** A part of the request's body, taken over. */
  void body(HttpContent content, boolean chunked) {
    lead().counters().bytesIn.add(out.content(content, chunked));
  }

  void flush() {
    out.flush();
  }

  boolean isWritable() {
    return channel.isWritable();
  }

  void read(boolean wanted) {
    channel.config().setAutoRead(wanted);
  }

  /** The request was answered; false when it is closed, as it can't serve another. */
  boolean release(boolean reusable) {
    exchange = null;
    used = true;
    if (!reusable || !leads() || !channel.isActive()) {
      close();
      return false;
    }
    busy = false;
    read(true); // a slow client may have stopped it; its end must be seen
    return true;
  }

  /**
   * It becomes one end of a tunnel; what the target has sent already is given with it.
   *
   * @param failed is run instead when the target has gone
   */
  void toWire(ChannelHandoff.Taker taker, Runnable failed) {
    channel.config().setAutoRead(false);
    if (channel.isOpen()) {
      channel.pipeline().remove(decoder);
    }
    ChannelHandoff.toWire(
        channel,
        lane,
        wire -> {
          CompositeByteBuf early = raw;
          raw = null;
          taker.take(wire, early);
          ended();
        },
        failed);
  }

  @Override
  public void cut() {
    lane.execute(() -> {
      Exchange current = exchange;
      exchange = null;
      if (current != null) {
        current.cut();
      }
      parted();
      close();
    });
  }

  @Override
  public void close() {
    lane.execute(() -> ChannelHandoff.close(channel));
  }

  private void ended() {
    if (isOpen()) {
      closed();
      out.release();
      if (raw != null) {
        raw.release();
        raw = null;
      }
    }
  }

  private final class Handler extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      if (message instanceof ByteBuf bytes) {
        if (raw == null) {
          raw = context.alloc().compositeBuffer();
        }
        raw.addComponent(true, bytes);
        return;
      }
      Exchange current = exchange;
      if (current == null || ((DecoderResultProvider) message).decoderResult().isFailure()) {
        ReferenceCountUtil.release(message);
        broken(false); // nobody asked, or it is no HTTP
        return;
      }
      if (message instanceof HttpResponse response) {
        interim = current.answer(UpstreamConnection.this, response);
      }
      if (message instanceof HttpContent content) {
        if (interim && content instanceof LastHttpContent) {
          content.release();
        } else {
          current.answerBody(UpstreamConnection.this, content);
        }
      }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
      Exchange current = exchange;
      if (current != null) {
        current.flushAnswer();
      }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
      Exchange current = exchange;
      if (current != null) {
        current.upstreamWritable(channel.isWritable());
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      broken(true);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      broken(false);
    }
  }

  private void broken(boolean reset) {
    Exchange current = exchange;
    exchange = null;
    boolean wasOpen = isOpen();
    ended();
    close();
    if (current != null) {
      if (wasOpen && reset) {
        lead().counters().resetsByTarget.increment();
      }
      current.upstreamGone(this);
    }
  }
}
