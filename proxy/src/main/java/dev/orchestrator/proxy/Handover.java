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
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Offers the listening sockets of a proxy to one other process of this user, over a Unix socket
 * ({@link Takeover} is the other end). The descriptors themselves are passed (SCM_RIGHTS, unix(7)),
 * so that both processes have the same sockets with the same queues: at every moment one of them
 * listens, and no connection that waits for its acceptance is lost. Two sockets on one port
 * (SO_REUSEPORT) would not do: closing one of them resets what is in its queue.
 */
@SuppressWarnings("FutureReturnValueIgnored") // what a write brings arrives as an event
public final class Handover implements AutoCloseable {
  /** Who offers. One of the last two is called, on an event loop; neither after a close. */
  public interface Owner {
    /** The other process has the sockets, is about to start, and needs what is ours alone. */
    void taken();

    /** It serves: this process may leave. */
    void served();

    /** It has gone without having served: this process goes on. */
    void abandoned();
  }

  /** What fits into an address of Netty's. */
  static final int LONGEST_PATH = 100;

  private static final long BIND_SECONDS = 5;

  private final Channel listener;
  private final Path socket;
  private final AtomicBoolean met = new AtomicBoolean();

  private Handover(Channel listener, Path socket) {
    this.listener = listener;
    this.socket = socket;
  }

  /**
   * Waits for the other process.
   *
   * @param proxy null when it has no routes open
   * @param socket the path of the Unix socket, of {@value LONGEST_PATH} bytes at most
   */
  public static Handover offer(Vertx vertx, @Nullable Proxy proxy, Path socket, Owner owner)
      throws IOException {
    if (socket.toString().length() > LONGEST_PATH) {
      throw new IOException(socket + ": longer than a Unix socket's path may be");
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
                    if (handover.met.compareAndSet(false, true)) {
                      peer.pipeline()
                          .addLast(
                              new Giver(proxy == null ? List.of() : proxy.descriptors(), owner));
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

  /** Offers no more. */
  @Override
  public void close() {
    listener.close().awaitUninterruptibly(BIND_SECONDS, TimeUnit.SECONDS);
    try {
      Files.deleteIfExists(socket);
    } catch (IOException e) {
      throw new ProxyException("can't remove " + socket, e);
    }
  }

  private static final class Giver extends ChannelInboundHandlerAdapter {
    private final List<Integer> descriptors;
    private final Owner owner;
    private boolean served;

    Giver(List<Integer> descriptors, Owner owner) {
      this.descriptors = descriptors;
      this.owner = owner;
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
      for (int descriptor : descriptors) {
        context.write(new FileDescriptor(descriptor));
      }
      // The end of the descriptors; a descriptor that can be nothing else, as it is this very one.
      context.writeAndFlush(((io.netty.channel.unix.UnixChannel) context.channel()).fd());
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      ByteBuf words = (ByteBuf) message;
      while (words.isReadable()) {
        switch (words.readByte()) {
          case Takeover.TAKEN -> owner.taken();
          case Takeover.SERVES -> {
            served = true;
            owner.served();
          }
          default -> context.close();
        }
      }
      words.release();
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
