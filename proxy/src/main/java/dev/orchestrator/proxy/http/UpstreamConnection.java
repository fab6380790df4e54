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
 * A connection to a target of an http route: it serves one request after the other, of any client,
 * and is kept idle in the loop's {@link UpstreamPool} between them. To be used on its event loop,
 * but for the methods of {@link Session}.
 */
final class UpstreamConnection extends Session {
  private final LoopContext loop;
  private final int port;
  private final EpollSocketChannel channel;
  private final ResponseDecoder decoder = new ResponseDecoder();
  private final OutputBuffer output;
  private volatile boolean busy;
  private @Nullable Exchange exchange;
  private @Nullable CompositeByteBuf tunnelReadAhead;
  private boolean served;
  private boolean interim;

  /** Its descriptor belongs to a socket now: closing the channel would close it. */
  private boolean isSocket;

  private UpstreamConnection(
      OpenRoute route,
      ResolvedBackend backend,
      LoopContext loop,
      int port,
      EpollSocketChannel channel) {
    super(route, backend);
    this.loop = loop;
    this.port = port;
    this.channel = channel;
    this.output = new OutputBuffer(channel);
  }

  /** Takes over a socket that has just been connected. */
  static UpstreamConnection open(
      OpenRoute route, ResolvedBackend backend, LoopContext loop, int port, EpollSocket target) {
    EpollSocketChannel channel = ChannelHandoff.toChannel(target);
    UpstreamConnection upstream = new UpstreamConnection(route, backend, loop, port, channel);
    upstream.busy = true;
    upstream.register();
    channel.pipeline().addLast(upstream.decoder, upstream.new Handler());
    ChannelHandoff.register(channel, loop);
    return upstream;
  }

  @Override
  public boolean isBusy() {
    return busy;
  }

  boolean connectsTo(ResolvedBackend other, int otherPort) {
    return port == otherPort && backend().equals(other);
  }

  boolean connectsToSameAs(UpstreamConnection other) {
    return connectsTo(other.backend(), other.port);
  }

  /** True when its backend is the one that serves now. */
  boolean isToCurrentBackend() {
    return route().gate.isOpenTo(backend().definition());
  }

  /** True when it has served a request before: the target may be about to close it. */
  boolean hasServed() {
    return served;
  }

  /** True when no byte of a response has come since the request was sent. */
  boolean isFirstByteMissing() {
    return decoder.isSilent();
  }

  /** Closes without a word to the exchange, which does not wait for the response any more. */
  void abandon() {
    exchange = null;
    close();
  }

  /** Sends bytes before everything else; they are released. */
  void sendFirst(ByteBuf header) {
    output.buffer().writeBytes(header);
    header.release();
  }

  /** Sends the head of a request. */
  void begin(Exchange next, RequestHead head, RequestHead.ClientInfo client) {
    exchange = next;
    busy = true;
    interim = false;
    decoder.expect(head.request.method());
    ByteBuf buffer = output.buffer();
    int before = buffer.readableBytes();
    head.write(buffer, client);
    backend().counters().bytesIn.add(buffer.readableBytes() - before);
  }

  /** Sends a part of the request's body; it is released. */
  void sendBody(HttpContent content, boolean chunked) {
    backend().counters().bytesIn.add(output.writeContent(content, chunked));
  }

  void flush() {
    output.flush();
  }

  boolean isWritable() {
    return channel.isWritable();
  }

  void setReading(boolean reading) {
    channel.config().setAutoRead(reading);
  }

  /**
   * Ends the use by an exchange.
   *
   * @param reusable false closes the connection
   * @return false when the connection is closed, as it can't serve another request
   */
  boolean becomeIdle(boolean reusable) {
    exchange = null;
    served = true;
    if (!reusable || !isToCurrentBackend() || !channel.isActive()) {
      close();
      return false;
    }
    busy = false;
    setReading(true); // a slow client may have stopped it; the target's close must be seen
    return true;
  }

  /**
   * Turns the connection into a socket, the target's end of a tunnel.
   *
   * @param receiver gets the bytes too that the target has sent already
   * @param failed is run instead when the target has closed
   */
  void toSocket(ChannelHandoff.SocketReceiver receiver, Runnable failed) {
    channel.config().setAutoRead(false);
    if (channel.isOpen()) {
      channel.pipeline().remove(decoder);
    }
    ChannelHandoff.toSocket(
        channel,
        loop,
        socket -> {
          isSocket = true;
          CompositeByteBuf readAhead = tunnelReadAhead;
          tunnelReadAhead = null;
          receiver.receive(socket, readAhead);
          release();
        },
        failed);
  }

  @Override
  public void cut() {
    loop.execute(() -> {
      Exchange current = exchange;
      exchange = null;
      if (current != null) {
        current.cut();
      }
      markEndPassed();
      close();
    });
  }

  @Override
  public void close() {
    loop.execute(() -> {
      if (!isSocket) {
        var _ = channel.close();
      }
    });
  }

  private void release() {
    if (isOpen()) {
      unregister();
      output.release();
      if (tunnelReadAhead != null) {
        tunnelReadAhead.release();
        tunnelReadAhead = null;
      }
    }
  }

  private final class Handler extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      if (message instanceof ByteBuf bytes) {
        if (tunnelReadAhead == null) {
          tunnelReadAhead = context.alloc().compositeBuffer();
        }
        tunnelReadAhead.addComponent(true, bytes);
        return;
      }
      Exchange current = exchange;
      if (current == null || ((DecoderResultProvider) message).decoderResult().isFailure()) {
        ReferenceCountUtil.release(message);
        end(false); // the target sent something without a request, or it does not speak HTTP
        return;
      }
      if (message instanceof HttpResponse response) {
        interim = current.receiveHead(UpstreamConnection.this, response);
      }
      if (message instanceof HttpContent content) {
        if (interim && content instanceof LastHttpContent) {
          content.release();
        } else {
          current.receiveBody(UpstreamConnection.this, content);
        }
      }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
      Exchange current = exchange;
      if (current != null) {
        current.flushResponse();
      }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
      Exchange current = exchange;
      if (current != null) {
        current.upstreamWritabilityChanged(channel.isWritable());
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      end(true);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      end(false);
    }
  }

  /** Closes, and tells the exchange that the connection is gone. */
  private void end(boolean reset) {
    Exchange current = exchange;
    exchange = null;
    boolean wasOpen = isOpen();
    release();
    close();
    if (current != null) {
      if (wasOpen && reset) {
        backend().counters().resetsByTarget.increment();
      }
      current.upstreamGone(this);
    }
  }
}
