package dev.orchestrator.proxy;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.ReferenceCountUtil;
import java.util.concurrent.TimeUnit;

/**
 * Closes a connection so that the peer reads the end of the stream. To close a socket with unread
 * data would reset it, so what the peer still sends is read and thrown away until it closes too, or
 * a second has passed.
 */
@SuppressWarnings("FutureReturnValueIgnored") // what a close brings arrives as an event
final class LingeringClose extends ChannelInboundHandlerAdapter {
  private static final long SECONDS = 1;

  private LingeringClose() {}

  /** To be called on the channel's event loop. */
  static void begin(Channel channel) {
    DuplexChannel duplex = (DuplexChannel) channel;
    if (duplex.isInputShutdown()) {
      channel.close();
      return;
    }
    channel.pipeline().addFirst(new LingeringClose());
    duplex.shutdownOutput();
    channel.config().setAutoRead(true);
    var limit = channel.eventLoop().schedule(() -> channel.close(), SECONDS, TimeUnit.SECONDS);
    channel.closeFuture().addListener(_ -> limit.cancel(false));
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    ReferenceCountUtil.release(message);
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof ChannelInputShutdownEvent) {
      ctx.close();
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    ctx.close();
  }
}
