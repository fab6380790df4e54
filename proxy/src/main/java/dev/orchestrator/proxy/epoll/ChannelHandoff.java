package dev.orchestrator.proxy.epoll;

import io.netty.buffer.ByteBuf;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Turns an {@link EpollSocket} into a Netty channel with a pipeline, on which HTTP is spoken, and
 * back. A connection is only one of the two at a time; the object that it was before must not be
 * used any more.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a failure arrives as an event of the channel
public final class ChannelHandoff {
  private ChannelHandoff() {}

  /** Receives a socket that was a channel. */
  public interface SocketReceiver {
    /**
     * Takes the socket over.
     *
     * @param readAhead bytes that were read from the channel before, to be released by the
     *     receiver; or null
     */
    void receive(EpollSocket socket, @Nullable ByteBuf readAhead);
  }

  /** The channel is not yet registered. */
  public static EpollSocketChannel toChannel(EpollSocket socket) {
    socket.deregister();
    return new EpollSocketChannel(socket.socket().intValue());
  }

  public static void register(EpollSocketChannel channel, LoopContext loop) {
    channel.unsafe().register(loop.eventLoop, channel.newPromise());
  }

  /**
   * Turns a channel into a socket, later. Everything written must have been flushed.
   *
   * @param failed is run instead of the receiver when the channel has closed meanwhile
   */
  public static void toSocket(
      EpollSocketChannel channel,
      LoopContext loop,
      Consumer<EpollSocket> receiver,
      Runnable failed) {
    channel
        .deregister()
        .addListener(deregistered -> {
          if (!deregistered.isSuccess() || !channel.isOpen()) {
            channel.close();
            failed.run();
            return;
          }
          EpollSocket socket = new EpollSocket(new Socket(channel.fd().intValue()), _ -> {});
          try {
            socket.register(loop.eventLoop);
          } catch (IOException e) {
            socket.close();
            failed.run();
            return;
          }
          receiver.accept(socket);
        });
  }
}
