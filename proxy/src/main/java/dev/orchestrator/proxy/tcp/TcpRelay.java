package dev.orchestrator.proxy.tcp;

import dev.orchestrator.proxy.epoll.EpollSocket;
import dev.orchestrator.proxy.epoll.LoopContext;
import dev.orchestrator.proxy.gate.OpenRoute;
import dev.orchestrator.proxy.gate.ResolvedBackend;
import dev.orchestrator.proxy.gate.Session;
import io.netty.buffer.ByteBuf;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A client and its target, joined by two flows. Both are on one lane, whose loop alone touches a
 * link; {@link #cut} and {@link #close} may be called from anywhere.
 *
 * <p>An end of stream is passed on in its direction; the link closes when both directions have
 * ended. A reset of one end resets the other: a stream that broke off must not look complete.
 */
public final class TcpRelay extends Session implements EpollSocket.Owner {
  /** How long the client of a cut link may take to read what is on its way. */
  private static final long LINGER_MS = 10_000;

  private final LoopContext lane;
  private final EpollSocket client;
  private final EpollSocket target;
  private final RelayDirection up;
  private final RelayDirection down;
  private final long idleNanos;
  private long lastMoved;
  private boolean cut;
  private @Nullable ScheduledFuture<?> timer;

  public TcpRelay(
      OpenRoute route,
      ResolvedBackend lead,
      LoopContext lane,
      EpollSocket client,
      EpollSocket target) {
    super(route, lead);
    this.lane = lane;
    this.client = client;
    this.target = target;
    this.up = new RelayDirection(this, lane, client, target, lead.counters().bytesIn);
    this.down = new RelayDirection(this, lane, target, client, lead.counters().bytesOut);
    this.idleNanos = route.route.options().idleTimeout().toNanos();
  }

  /**
   * Begins.
   *
   * @param header goes before everything to the target, and does not count; or null
   * @param early what was read from the client already, taken over; or null
   */
  public void start(@Nullable ByteBuf header, @Nullable ByteBuf early) {
    begun();
    client.setOwner(this);
    target.setOwner(this);
    if (header != null) {
      up.precede(header, false);
    }
    if (early != null) {
      up.precede(early, true);
    }
    if (idleNanos > 0) {
      touch();
      watchIdle(idleNanos);
    }
    up.pump();
    down.pump();
  }

  /** What the target had said already goes to the client first; taken over. */
  public void precedeDown(ByteBuf first) {
    down.precede(first, true);
  }

  @Override
  public boolean isBusy() {
    return true;
  }

  @Override
  public void ready(EpollSocket wire) {
    up.pump();
    down.pump();
  }

  /** Something moved: it is not idle. */
  void touch() {
    if (idleNanos > 0) {
      lastMoved = System.nanoTime();
    }
  }

  private void watchIdle(long nanos) {
    timer = lane.loop.schedule(this::checkIdle, nanos, TimeUnit.NANOSECONDS);
  }

  private void checkIdle() {
    long rest = lastMoved + idleNanos - System.nanoTime();
    if (rest > 0) {
      watchIdle(rest);
    } else {
      lead().counters().timedOut.increment();
      cut();
    }
  }

  @Override
  public void cut() {
    lane.execute(() -> {
      if (isOpen() && !cut) {
        cut = true;
        after(SETTLE_MS, this::endUp);
      }
    });
  }

  private void endUp() {
    up.end();
    after(GRACE_MS, this::endDown);
  }

  private void endDown() {
    down.end();
    after(LINGER_MS, this::close);
  }

  private void after(long ms, Runnable action) {
    if (isOpen()) {
      if (timer != null) {
        timer.cancel(false);
      }
      timer = lane.loop.schedule(action, ms, TimeUnit.MILLISECONDS);
    }
  }

  /** A flow has passed everything on, and its sink is to be told. */
  void passEnd(RelayDirection flow, EpollSocket sink) {
    if (up.over() && down.over()) {
      close(); // which tells both
      return;
    }
    sink.endOutput();
    if (flow == down) {
      parted();
    }
    closeWhenOver();
  }

  void closeWhenOver() {
    if (up.over() && down.over()) {
      close();
    }
  }

  /** One end broke off. */
  void broken(EpollSocket end) {
    if (!isOpen()) {
      return;
    }
    if (cut && end == target) {
      // The target dies after the cut: that is no news for the client, who gets what is left.
      down.sourceEnded();
      up.abandonSink();
      down.pump();
      return;
    }
    leave();
    if (!cut) {
      (end == client ? lead().counters().resetsByClient : lead().counters().resetsByTarget)
          .increment();
    }
    (end == client ? target : client).reset();
    part();
  }

  @Override
  public void close() {
    lane.execute(() -> {
      if (isOpen()) {
        leave();
        part();
      }
    });
  }

  private void leave() {
    closed();
    if (timer != null) {
      timer.cancel(false);
    }
  }

  private void part() {
    up.release();
    down.release();
    client.close();
    target.close();
  }
}
