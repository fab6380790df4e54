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
 * A client and its target, joined byte for byte in both directions. Both are on one event loop; all
 * but {@link #cut} and {@link #close} is to be called there.
 *
 * <p>An end of stream is passed on in its direction; the relay closes when both directions have
 * ended. A reset of one end resets the other: a stream that broke off must not look complete.
 */
public final class TcpRelay extends Session implements EpollSocket.Owner {
  /** How long the client of a relay that is cut may take to read the bytes on their way to it. */
  private static final long LINGER_MS = 10_000;

  private final LoopContext loop;
  private final EpollSocket client;
  private final EpollSocket target;
  private final RelayDirection toTarget;
  private final RelayDirection toClient;
  private final long idleNanos;
  private long lastMovedNanos;
  private boolean cut;
  private boolean cutAsIdle;
  private @Nullable ScheduledFuture<?> timer;

  /** A relay that has not started. */
  public TcpRelay(
      OpenRoute route,
      ResolvedBackend backend,
      LoopContext loop,
      EpollSocket client,
      EpollSocket target) {
    super(route, backend);
    this.loop = loop;
    this.client = client;
    this.target = target;
    this.toTarget = new RelayDirection(this, loop, client, target, backend.counters().bytesIn);
    this.toClient = new RelayDirection(this, loop, target, client, backend.counters().bytesOut);
    this.idleNanos = route.options.idleTimeout().toNanos();
  }

  /**
   * Starts to relay. Both buffers are released.
   *
   * @param header is sent to the target first, and is not counted; or null
   * @param readAhead bytes that were read from the client before, sent after the header; or null
   */
  public void start(@Nullable ByteBuf header, @Nullable ByteBuf readAhead) {
    register();
    client.setOwner(this);
    target.setOwner(this);
    if (header != null) {
      toTarget.sendFirst(header, false);
    }
    if (readAhead != null) {
      toTarget.sendFirst(readAhead, true);
    }
    if (idleNanos > 0) {
      touch();
      watchIdle(idleNanos);
    }
    toTarget.pump();
    toClient.pump();
  }

  /**
   * To be called before the start and before {@link #sendFirstToClient}: a protocol that can tell
   * the client of a cut.
   */
  public void setStreamEnding(StreamEnding protocol) {
    toClient.setStreamEnding(protocol);
  }

  /** What a protocol says to the client of a relay that is cut; null when it is not. */
  @Nullable ByteBuf lastBytes(StreamEnding protocol) {
    return cut ? protocol.lastBytes(cutAsIdle) : null;
  }

  /** To be called before the start: bytes read from the target before; they are released. */
  public void sendFirstToClient(ByteBuf readAhead) {
    toClient.sendFirst(readAhead, true);
  }

  @Override
  public boolean isBusy() {
    return true;
  }

  @Override
  public void ready(EpollSocket socket) {
    toTarget.pump();
    toClient.pump();
  }

  /** Takes note that bytes have moved: the relay is not idle. */
  void touch() {
    if (idleNanos > 0) {
      lastMovedNanos = System.nanoTime();
    }
  }

  private void watchIdle(long nanos) {
    timer = loop.schedule(this::checkIdle, nanos, TimeUnit.NANOSECONDS);
  }

  private void checkIdle() {
    long rest = lastMovedNanos + idleNanos - System.nanoTime();
    if (rest > 0) {
      watchIdle(rest);
    } else {
      backend().counters().timedOut.increment();
      cutAsIdle = true;
      cut();
    }
  }

  @Override
  public void cut() {
    loop.execute(() -> {
      if (isOpen() && !cut) {
        cut = true;
        setTimer(SETTLE_MS, this::endToTarget);
      }
    });
  }

  private void endToTarget() {
    toTarget.end();
    setTimer(GRACE_MS, this::endToClient);
  }

  private void endToClient() {
    toClient.end();
    setTimer(LINGER_MS, this::close);
  }

  private void setTimer(long ms, Runnable action) {
    if (isOpen()) {
      if (timer != null) {
        timer.cancel(false);
      }
      timer = loop.schedule(action, ms, TimeUnit.MILLISECONDS);
    }
  }

  /** Sends the end of the stream to the sink of a direction that has passed everything on. */
  void passEnd(RelayDirection direction, EpollSocket sink) {
    if (toTarget.isDone() && toClient.isDone()) {
      close(); // which sends the end to both
      return;
    }
    sink.shutdownOutput();
    if (direction == toClient) {
      markEndPassed();
    }
    closeWhenDone();
  }

  /** To be called when the source of a direction has ended. */
  void noteEnd(RelayDirection direction) {
    if (direction == toClient) {
      countIfEmpty();
    }
  }

  /**
   * Counts a target that ends before it has sent a byte, while its client waits: such as the
   * engine's userland proxy in front of a service that does not listen.
   */
  private void countIfEmpty() {
    if (!cut && !toClient.hasMoved() && !toTarget.hasSourceEnded()) {
      backend().counters().closedEmpty.increment();
    }
  }

  void closeWhenDone() {
    if (toTarget.isDone() && toClient.isDone()) {
      close();
    }
  }

  /** Ends the relay after one of its ends was reset. */
  void handleBroken(EpollSocket end) {
    if (!isOpen()) {
      return;
    }
    if (cut && end == target) {
      // A target that dies after the cut is expected; the client still gets the bytes read from it.
      toClient.endSource();
      toTarget.abandonSink();
      toClient.pump();
      return;
    }
    stop();
    if (end == target && !toClient.hasSourceEnded()) {
      countIfEmpty();
    }
    if (!cut) {
      (end == client ? backend().counters().resetsByClient : backend().counters().resetsByTarget)
          .increment();
    }
    (end == client ? target : client).reset();
    closeBothEnds();
  }

  @Override
  public void close() {
    loop.execute(() -> {
      if (isOpen()) {
        stop();
        closeBothEnds();
      }
    });
  }

  private void stop() {
    unregister();
    if (timer != null) {
      timer.cancel(false);
    }
  }

  private void closeBothEnds() {
    toTarget.release();
    toClient.release();
    client.close();
    target.close();
  }
}
