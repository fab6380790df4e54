package dev.orchestrator.proxy.http;

import dev.orchestrator.proxy.epoll.ChannelHandoff;
import dev.orchestrator.proxy.epoll.EpollSocket;
import dev.orchestrator.proxy.epoll.LingeringClose;
import dev.orchestrator.proxy.epoll.LoopContext;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollSocketChannel;
import java.util.function.Consumer;

/** The ways in which a client's HTTP connection ends. To be used on its event loop. */
@SuppressWarnings("FutureReturnValueIgnored") // a failure arrives as an event of the channel
final class ConnectionCloser {
  private final EpollSocketChannel channel;
  private final LoopContext loop;
  private final OutputBuffer output;
  private final Runnable onSocket;
  private boolean isSocket;

  /**
   * For one connection.
   *
   * @param onSocket is run when the channel becomes a socket: its pipeline is told nothing more
   *     then, not even its end
   */
  ConnectionCloser(
      EpollSocketChannel channel, LoopContext loop, OutputBuffer output, Runnable onSocket) {
    this.channel = channel;
    this.loop = loop;
    this.output = output;
    this.onSocket = onSocket;
  }

  /**
   * Closes at once; does nothing when the channel has become a socket, which has its descriptor.
   */
  void closeNow() {
    if (!isSocket) {
      channel.close();
    }
  }

  /** Closes with a reset, so that the client sees that the response is not complete. */
  void reset() {
    channel.config().setOption(ChannelOption.SO_LINGER, 0);
    closeNow();
  }

  /** Closes when everything is written; only for a client that sends nothing more. */
  void closeWhenWritten() {
    whenWritten(this::closeNow);
  }

  /** Closes when everything is written, so that the client reads it even if it still sends. */
  void closeLingering() {
    toSocket(socket -> LingeringClose.begin(socket, loop), () -> {});
  }

  /**
   * Turns the channel into a socket when everything is written.
   *
   * @param failed is run instead of the receiver when the channel has closed meanwhile
   */
  void toSocket(Consumer<EpollSocket> receiver, Runnable failed) {
    whenWritten(() ->
        ChannelHandoff.toSocket(
            channel,
            loop,
            socket -> {
              isSocket = true;
              onSocket.run();
              receiver.accept(socket);
            },
            failed));
  }

  private void whenWritten(Runnable next) {
    output.flush();
    channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(_ -> next.run());
  }
}
