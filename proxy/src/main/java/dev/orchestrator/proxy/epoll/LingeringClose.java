package dev.orchestrator.proxy.epoll;

import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/**
 * Closes a connection so that the peer reads the end of the stream. Closing a socket with unread
 * data would reset the connection, so bytes that the peer still sends are read and thrown away
 * until it closes too, or a second has passed.
 */
public final class LingeringClose implements EpollSocket.Owner {
  private static final long SECONDS = 1;

  private final LoopContext loop;
  private final ScheduledFuture<?> limit;

  private LingeringClose(LoopContext loop, EpollSocket socket) {
    this.loop = loop;
    this.limit = loop.schedule(socket::close, SECONDS, TimeUnit.SECONDS);
  }

  /** Begins to close the socket; to be called on its loop. */
  public static void begin(EpollSocket socket, LoopContext loop) {
    socket.shutdownOutput();
    LingeringClose closing = new LingeringClose(loop, socket);
    socket.setOwner(closing);
    closing.ready(socket);
  }

  @Override
  public void ready(EpollSocket socket) {
    while (socket.isReadable()) {
      if (socket.read(loop, LoopContext.BUFFER_SIZE) < 0) {
        limit.cancel(false);
        socket.close();
        return;
      }
    }
  }
}
