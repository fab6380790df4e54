package dev.orchestrator.proxy;

import dev.orchestrator.proxy.listen.HandedOverSockets;
import dev.orchestrator.proxy.listen.InheritedSockets;
import dev.orchestrator.proxy.listen.SocketKind;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.DomainSocketReadMode;
import io.netty.channel.unix.FileDescriptor;
import io.vertx.core.Vertx;
import io.vertx.core.internal.VertxInternal;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Takes the listening sockets of another process over ({@link Handover} is the other end). In this
 * order: {@link #receive}, {@link #taken}, open the routes on the sockets, {@link #serving}. A
 * process that ends before the last step leaves the other process as it was.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a write that fails closes the channel
public final class Takeover implements AutoCloseable {
  static final byte TAKEN = 't';
  static final byte SERVES = 's';

  private final Channel channel;
  private final List<Integer> descriptors;
  private final CountDownLatch gone = new CountDownLatch(1);

  private Takeover(Channel channel, List<Integer> descriptors) {
    this.channel = channel;
    this.descriptors = descriptors;
    channel.closeFuture().addListener(_ -> gone.countDown());
  }

  /** Connects to the other process and receives its sockets. */
  public static Takeover receive(Vertx vertx, Path socket, Duration deadline) throws IOException {
    CompletableFuture<List<Integer>> received = new CompletableFuture<>();
    ChannelFuture connected =
        new Bootstrap()
            .group(((VertxInternal) vertx).nettyEventLoopGroup())
            .channel(EpollDomainSocketChannel.class)
            .option(
                EpollChannelOption.DOMAIN_SOCKET_READ_MODE, DomainSocketReadMode.FILE_DESCRIPTORS)
            .handler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel peer) {
                    peer.pipeline().addLast(new Receiver(received));
                  }
                })
            .connect(new DomainSocketAddress(socket.toFile()));
    try {
      if (!connected.await(deadline.toMillis(), TimeUnit.MILLISECONDS) || !connected.isSuccess()) {
        throw new IOException(socket + ": no process offers its sockets", connected.cause());
      }
      return new Takeover(
          connected.channel(), received.get(deadline.toMillis(), TimeUnit.MILLISECONDS));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      connected.channel().close();
      throw new IOException("interrupted", e);
    } catch (ExecutionException | TimeoutException e) {
      connected.channel().close();
      throw new IOException(socket + ": the sockets did not come", e);
    }
  }

  /** The number of sockets received. */
  public int inheritedCount() {
    return descriptors.size();
  }

  /** The sockets, for {@link Proxy#open}. */
  public InheritedSockets inherited() {
    return new HandedOverSockets(descriptors);
  }

  /** Tells the other process to give up what only one process can have, such as the journal. */
  public void taken() {
    send(TAKEN);
  }

  /** Tells the other process that the routes are open here, and that it may leave. */
  public void serving() {
    send(SERVES);
  }

  private void send(byte signal) {
    channel.writeAndFlush(Unpooled.copiedBuffer(new byte[] {signal}));
  }

  /** Waits for the end of the other process; false when that takes longer. */
  public boolean awaitGone(Duration atMost) throws InterruptedException {
    return gone.await(atMost.toNanos(), TimeUnit.NANOSECONDS);
  }

  /** True when the other process has ended. */
  public boolean isGone() {
    return gone.getCount() == 0;
  }

  @Override
  public void close() {
    channel.close();
  }

  private static final class Receiver extends ChannelInboundHandlerAdapter {
    private final CompletableFuture<List<Integer>> received;
    private final List<Integer> descriptors = new ArrayList<>();

    Receiver(CompletableFuture<List<Integer>> received) {
      this.received = received;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) throws IOException {
      FileDescriptor descriptor = (FileDescriptor) message;
      if (SocketKind.of(descriptor.intValue()).isForRoutes()) {
        descriptors.add(descriptor.intValue());
      } else {
        descriptor.close();
        received.complete(List.copyOf(descriptors));
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      received.completeExceptionally(cause);
      context.close();
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      received.completeExceptionally(new IOException("the other process closed"));
    }
  }
}
