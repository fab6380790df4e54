package dev.orchestrator.proxy;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.util.AttributeKey;
import io.vertx.core.internal.VertxInternal;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The listening socket of a route. Bound without accepting: until {@link #accept} connections wait
 * in the backlog.
 */
@SuppressWarnings("FutureReturnValueIgnored") // what a close brings arrives as an event
final class Listener extends ChannelInboundHandlerAdapter {
  private static final int BACKLOG = 4096; // the system may allow less
  private static final long PAUSE_MS = 100;
  private static final long BIND_SECONDS = 10;
  private static final AttributeKey<Long> ORDER = AttributeKey.valueOf(Listener.class, "order");

  private final OpenRoute route;
  private final Channel channel;
  private long accepted;

  /** Binds the route's address. */
  Listener(VertxInternal vertx, OpenRoute route) {
    this.route = route;
    ServerBootstrap server =
        new ServerBootstrap()
            .group(vertx.acceptorEventLoopGroup(), vertx.nettyEventLoopGroup())
            .channelFactory(vertx.transport().serverChannelFactory(false))
            .option(ChannelOption.SO_BACKLOG, BACKLOG)
            .option(ChannelOption.SO_REUSEADDR, true)
            .option(ChannelOption.AUTO_READ, false)
            .handler(this)
            .childOption(ChannelOption.AUTO_READ, false)
            .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childOption(ChannelOption.SO_KEEPALIVE, true)
            .childHandler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel client) {
                    client.pipeline().addLast(new Arrival(route, client, client.attr(ORDER).get()));
                  }
                });
    Route wanted = route.route;
    InetSocketAddress address =
        wanted.everyAddress()
            ? new InetSocketAddress(wanted.port())
            : new InetSocketAddress(wanted.host(), wanted.port());
    if (address.isUnresolved()) {
      throw unavailable("no such host", null);
    }
    ChannelFuture bound = server.bind(address);
    if (!bound.awaitUninterruptibly(BIND_SECONDS, TimeUnit.SECONDS) || !bound.isSuccess()) {
      bound.channel().close();
      throw unavailable(reason(bound.cause()), bound.cause());
    }
    channel = bound.channel();
  }

  int port() {
    return ((InetSocketAddress) channel.localAddress()).getPort();
  }

  void accept() {
    channel.config().setAutoRead(true);
  }

  void close() {
    channel.close().awaitUninterruptibly(BIND_SECONDS, TimeUnit.SECONDS);
  }

  /** The order of arrival is known here alone: after this, clients are spread over event loops. */
  @Override
  public void channelRead(ChannelHandlerContext ctx, Object client) {
    ((Channel) client).attr(ORDER).set(accepted++);
    ctx.fireChannelRead(client);
  }

  /** Out of file descriptors or memory: that passes, so that the listener pauses and lives on. */
  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    route.warn("cannot accept a connection, will try again: " + cause.getMessage());
    ctx.channel().config().setAutoRead(false);
    ctx.executor().schedule(this::accept, PAUSE_MS, TimeUnit.MILLISECONDS);
  }

  private RouteUnavailableException unavailable(String reason, @Nullable Throwable cause) {
    return new RouteUnavailableException(route.route.name(), route.route.address(), reason, cause);
  }

  private static String reason(@Nullable Throwable cause) {
    String message = cause == null ? "binding took too long" : String.valueOf(cause.getMessage());
    if (message.contains("in use")) {
      return "the port is in use by another program";
    }
    if (message.contains("ermission denied")) {
      return "ports below 1024 need root or CAP_NET_BIND_SERVICE";
    }
    if (message.contains("annot assign")) {
      return "this machine has no such address";
    }
    return message;
  }
}
