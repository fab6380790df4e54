package dev.orchestrator.proxy.epoll;

import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/**
 * Closes a connection so that the peer reads the end of the stream. To close a socket with unread
 * data would reset it, so what the peer still sends is read and thrown away until it closes too, or
 * a second has passed.
 */
public final class LingeringClose implements EpollSocket.Owner {
  private static final long SECONDS = 1;

  private final LoopContext lane;
  private final ScheduledFuture<?> limit;

  private LingeringClose(LoopContext lane, EpollSocket wire) {
    this.lane = lane;
    this.limit = lane.loop.schedule(wire::close, SECONDS, TimeUnit.SECONDS);
  }

  /** To be called on the lane's loop. */
  public static void to(EpollSocket wire, LoopContext lane) {
    wire.endOutput();
    LingeringClose farewell = new LingeringClose(lane, wire);
    wire.setOwner(farewell);
    farewell.ready(wire);
  }

  @Override
  public void ready(EpollSocket wire) {
    while (wire.readable()) {
      if (wire.read(lane, LoopContext.BUFFER) < 0) {
        limit.cancel(false);
        wire.close();
        return;
      }
    }
  }
}
