package dev.orchestrator.proxy.http;

import dev.orchestrator.proxy.epoll.ChannelHandoff;
import dev.orchestrator.proxy.epoll.EpollSocket;
import dev.orchestrator.proxy.epoll.LingeringClose;
import dev.orchestrator.proxy.epoll.LoopContext;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollSocketChannel;
import java.util.function.Consumer;

/** The ways in which a client's connection to an http route ends. On the lane's loop. */
@SuppressWarnings("FutureReturnValueIgnored") // what a write brings arrives as an event
final class ConnectionCloser {
  private final EpollSocketChannel channel;
  private final LoopContext lane;
  private final OutputBuffer out;
  private final Runnable left;

  /**
   * For one connection.
   *
   * @param left is run when it goes on without its pipeline, which hears of no end then
   */
  ConnectionCloser(EpollSocketChannel channel, LoopContext lane, OutputBuffer out, Runnable left) {
    this.channel = channel;
    this.lane = lane;
    this.out = out;
    this.left = left;
  }

  /** At once. */
  void now() {
    ChannelHandoff.close(channel);
  }

  /** So that the client sees that the answer broke off. */
  void reset() {
    channel.config().setOption(ChannelOption.SO_LINGER, 0);
    now();
  }

  /** Once all is written, to a client that sends nothing more. */
  void end() {
    whenWritten(this::now);
  }

  /** Once all is written, so that the client reads it whatever it still sends. */
  void farewell() {
    toWire(wire -> LingeringClose.to(wire, lane));
  }

  /** Once all is written, it is but a socket any more. */
  void toWire(Consumer<EpollSocket> taker) {
    whenWritten(() ->
        ChannelHandoff.toWire(
            channel,
            lane,
            wire -> {
              left.run();
              taker.accept(wire);
            }));
  }

  private void whenWritten(Runnable next) {
    out.flush();
    channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(_ -> next.run());
  }
}
