package dev.orchestrator.proxy;

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
final class Channels {
  private Channels() {}

  /** Takes a wire, and what was read from it before. */
  interface Taker {
    void take(Wire wire, @Nullable ByteBuf early);
  }

  static EpollSocketChannel of(Wire wire) {
    wire.detach();
    return new EpollSocketChannel(wire.socket().intValue());
  }

  static void register(EpollSocketChannel channel, Lane lane) {
    channel.unsafe().register(lane.loop, channel.newPromise());
  }

  /** Everything written must have been flushed. A channel that closes first is not given. */
  static void toWire(EpollSocketChannel channel, Lane lane, Consumer<Wire> taker) {
    toWire(channel, lane, taker, () -> {});
  }

  /**
   * The same.
   *
   * @param failed is run instead when the channel has closed
   */
  static void toWire(EpollSocketChannel channel, Lane lane, Consumer<Wire> taker, Runnable failed) {
    channel
        .deregister()
        .addListener(left -> {
          if (!left.isSuccess() || !channel.isOpen()) {
            close(channel);
            failed.run();
            return;
          }
          Wire wire = new Wire(new Socket(channel.fd().intValue()), _ -> {});
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

  static void close(EpollSocketChannel channel) {
    channel.close();
  }
}
