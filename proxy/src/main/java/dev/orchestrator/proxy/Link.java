package dev.orchestrator.proxy;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * A client and its target, joined by two relays. Both channels are on one event loop, which alone
 * touches a link, {@link #cut} and the latches apart.
 *
 * <p>An end of stream is passed on in its direction; the link closes when both directions have
 * ended. A reset of one end resets the other: a stream that broke off must not look complete.
 */
@SuppressWarnings("FutureReturnValueIgnored") // what a close brings arrives as an event
final class Link {
  /** Time for what a client had sent before the cut to be read and passed on. */
  static final long SETTLE_MS = 10;

  /** How long a target that was told of the end of a cut link may take to say its last words. */
  static final long GRACE_MS = 200;

  /** How long the client of a cut link may take to read what is on its way. */
  private static final long LINGER_MS = 10_000;

  private final Side side;
  private final Channel client;
  private final Channel target;
  private final OpenRoute route;
  private final Relay up;
  private final Relay down;
  private final CountDownLatch parted = new CountDownLatch(1);
  private boolean cut;
  private boolean closed;

  Link(Side side, Channel client, Channel target, OpenRoute route) {
    this.side = side;
    this.client = client;
    this.target = target;
    this.route = route;
    this.up = new Relay(this, client, target, route.counters.bytesIn);
    this.down = new Relay(this, target, client, route.counters.bytesOut);
  }

  void start(List<ByteBuf> early, boolean inputEnded) {
    route.links.add(this);
    route.counters.open.increment();
    client.closeFuture().addListener(_ -> parted.countDown());
    target
        .closeFuture()
        .addListener(_ -> {
          route.links.remove(this);
          route.counters.open.decrement();
        });
    client.pipeline().addLast(up);
    target.pipeline().addLast(down);
    early.forEach(up::pass);
    target.flush();
    if (inputEnded) {
      up.sourceEnded();
    }
    client.config().setAutoRead(true);
    target.config().setAutoRead(true);
  }

  Side side() {
    return side;
  }

  boolean isOpen() {
    return target.isOpen();
  }

  void onClose(Runnable action) {
    target.closeFuture().addListener(_ -> action.run());
  }

  /**
   * Ends the link in order: the target reads the end of the stream and gets a moment to finish and
   * close; then, at the latest, the client reads the end too, after the last byte.
   */
  void cut() {
    client
        .eventLoop()
        .execute(() -> {
          cut = true;
          after(SETTLE_MS, up::end);
          after(SETTLE_MS + GRACE_MS, down::end);
          after(LINGER_MS, this::close);
        });
  }

  /** Counted down when the client of a link was told of the end. */
  CountDownLatch parted() {
    return parted;
  }

  /** A relay has passed its end on. */
  void passedEnd(Relay relay) {
    if (relay.equals(down)) {
      parted.countDown();
    }
    closeWhenOver();
  }

  void closeWhenOver() {
    if (up.over() && down.over()) {
      close();
    }
  }

  /** The source of this relay broke off. */
  void broken(Relay relay) {
    if (closed) {
      return;
    }
    if (cut && relay.equals(down)) {
      // The target dies after the cut: that is no news for the client, who gets what is left.
      relay.sourceEnded();
      return;
    }
    closed = true;
    if (!cut) {
      (relay.equals(up) ? route.counters.resetsByClient : route.counters.resetsByTarget)
          .increment();
    }
    Channel other = relay.equals(up) ? target : client;
    other.flush();
    if (other.isOpen()) {
      other.config().setOption(ChannelOption.SO_LINGER, 0); // makes the close a reset
    }
    close();
  }

  void close() {
    closed = true;
    client.close();
    target.close();
  }

  private void after(long ms, Runnable action) {
    var timer = client.eventLoop().schedule(action, ms, TimeUnit.MILLISECONDS);
    client.closeFuture().addListener(_ -> timer.cancel(false));
  }
}
