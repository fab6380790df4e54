package dev.orchestrator.proxy;

import dev.orchestrator.proxy.config.ProxyException;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.FileDescriptor;
import io.vertx.core.Vertx;
import io.vertx.core.internal.VertxInternal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Offers the listening sockets of proxies to one other process of this user, over a Unix socket
 * ({@link Takeover} is the other end). The descriptors themselves are passed (SCM_RIGHTS, unix(7)),
 * so that both processes have the same sockets with the same queues: at every moment a process
 * listens, and no connection that waits to be accepted is lost. Two sockets on one port
 * (SO_REUSEPORT) would not do: closing one of them resets what is in its queue.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a write that fails closes the channel
public final class Handover implements AutoCloseable {
  /**
   * The process that offers its sockets. Called on an event loop: {@link #taken}, then one of the
   * other two; nothing after a close.
   */
  public interface Owner {
    /**
     * The other process has the sockets and is about to start: it needs what only one process can
     * have, such as the journal.
     */
    void taken();

    /** The other process serves: this process may leave. */
    void served();

    /** The other process has ended without having served: this process goes on. */
    void abandoned();
  }

  /** The longest path that fits into a Unix socket's address as Netty builds it, in bytes. */
  static final int LONGEST_PATH = 100;

  private static final long BIND_SECONDS = 5;

  private final Channel listener;
  private final Path socket;
  private final AtomicBoolean connected = new AtomicBoolean();

  private Handover(Channel listener, Path socket) {
    this.listener = listener;
    this.socket = socket;
  }

  /**
   * Begins to wait for the other process.
   *
   * @param proxies whose sockets are offered, where their routes are open
   * @param socket the path of the Unix socket, of {@value LONGEST_PATH} bytes at most
   */
  public static Handover offer(Vertx vertx, Collection<Proxy> proxies, Path socket, Owner owner)
      throws IOException {
    if (socket.toString().length() > LONGEST_PATH) {
      throw new IOException(
          socket + ": the path of a Unix socket has at most " + LONGEST_PATH + " bytes");
    }
    Files.deleteIfExists(socket);
    Handover[] self = new Handover[1];
    ChannelFuture bound =
        new ServerBootstrap()
            .group(((VertxInternal) vertx).nettyEventLoopGroup())
            .channel(EpollServerDomainSocketChannel.class)
            .option(ChannelOption.AUTO_READ, false)
            .childHandler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel peer) {
                    Handover handover = self[0];
                    if (handover.connected.compareAndSet(false, true)) {
                      peer.pipeline().addLast(new Sender(descriptors(proxies), owner));
                    } else {
                      peer.close();
                    }
                  }
                })
            .bind(new DomainSocketAddress(socket.toFile()));
    if (!bound.awaitUninterruptibly(BIND_SECONDS, TimeUnit.SECONDS) || !bound.isSuccess()) {
      throw new IOException(socket + ": can't listen", bound.cause());
    }
    Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-------"));
    self[0] = new Handover(bound.channel(), socket);
    bound.channel().config().setAutoRead(true);
    return self[0];
  }

  private static List<Integer> descriptors(Collection<Proxy> proxies) {
    return proxies.stream().flatMap(proxy -> proxy.descriptors().stream()).toList();
  }

  /** Withdraws the offer. */
  @Override
  public void close() {
    listener.close().awaitUninterruptibly(BIND_SECONDS, TimeUnit.SECONDS);
    try {
      Files.deleteIfExists(socket);
    } catch (IOException e) {
      throw new ProxyException("can't remove " + socket, e);
    }
  }

  private static final class Sender extends ChannelInboundHandlerAdapter {
    private final List<Integer> descriptors;
    private final Owner owner;
    private boolean served;

    Sender(List<Integer> descriptors, Owner owner) {
      this.descriptors = descriptors;
      this.owner = owner;
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
      for (int descriptor : descriptors) {
        context.write(new FileDescriptor(descriptor));
      }
      // The channel's own descriptor marks the end: it is no socket that a route can have.
      context.writeAndFlush(((io.netty.channel.unix.UnixChannel) context.channel()).fd());
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      ByteBuf signals = (ByteBuf) message;
      while (signals.isReadable()) {
        switch (signals.readByte()) {
          case Takeover.TAKEN -> owner.taken();
          case Takeover.SERVES -> {
            served = true;
            owner.served();
          }
          default -> context.close();
        }
      }
      signals.release();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      context.close();
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      if (!served) {
        owner.abandoned();
      }
    }
  }
}
