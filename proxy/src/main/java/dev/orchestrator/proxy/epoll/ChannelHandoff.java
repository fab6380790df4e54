package dev.orchestrator.proxy.epoll;

import io.netty.buffer.ByteBuf;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The passages between a wire and a channel with a pipeline, which HTTP is spoken on. A socket is
 * one or the other; what was the other before is left alone from then on.
 */
@SuppressWarnings("FutureReturnValueIgnored") // what these bring arrives as an event
public final class ChannelHandoff {
  private ChannelHandoff() {}

  /** Takes a wire, and what was read from it before. */
  public interface Taker {
    void take(EpollSocket wire, @Nullable ByteBuf early);
  }

  public static EpollSocketChannel of(EpollSocket wire) {
    wire.detach();
    return new EpollSocketChannel(wire.socket().intValue());
  }

  public static void register(EpollSocketChannel channel, LoopContext lane) {
    channel.unsafe().register(lane.loop, channel.newPromise());
  }

  /** Everything written must have been flushed. A channel that closes first is not given. */
  public static void toWire(
      EpollSocketChannel channel, LoopContext lane, Consumer<EpollSocket> taker) {
    toWire(channel, lane, taker, () -> {});
  }

  /**
   * The same.
   *
   * @param failed is run instead when the channel has closed
   */
  public static void toWire(
      EpollSocketChannel channel, LoopContext lane, Consumer<EpollSocket> taker, Runnable failed) {
    channel
        .deregister()
        .addListener(left -> {
          if (!left.isSuccess() || !channel.isOpen()) {
            close(channel);
            failed.run();
            return;
          }
          EpollSocket wire = new EpollSocket(new Socket(channel.fd().intValue()), _ -> {});
          try {
            wire.register(lane.loop);
          } catch (IOException e) {
            wire.close();
            failed.run();
            return;
          }
          taker.accept(wire);
        });
  }

  public static void close(EpollSocketChannel channel) {
    channel.close();
  }
}
