package dev.orchestrator.proxy;

import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/**
 * Closes a connection so that the peer reads the end of the stream. To close a socket with unread
 * data would reset it, so what the peer still sends is read and thrown away until it closes too, or
 * a second has passed.
 */
final class Farewell implements Wire.Owner {
  private static final long SECONDS = 1;

  private final Lane lane;
  private final ScheduledFuture<?> limit;

  private Farewell(Lane lane, Wire wire) {
    this.lane = lane;
    this.limit = lane.loop.schedule(wire::close, SECONDS, TimeUnit.SECONDS);
  }

  /** To be called on the lane's loop. */
  static void to(Wire wire, Lane lane) {
    wire.endOutput();
    Farewell farewell = new Farewell(lane, wire);
    wire.setOwner(farewell);
    farewell.ready(wire);
  }

  @Override
  public void ready(Wire wire) {
    while (wire.readable()) {
      if (wire.read(lane, Lane.BUFFER) < 0) {
        limit.cancel(false);
        wire.close();
        return;
      }
    }
  }
}
