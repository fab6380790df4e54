package dev.orchestrator.proxy.http;

import dev.orchestrator.proxy.epoll.LoopContext;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Looks now and then at a client of an http route, and ends what takes too long: the head of a
 * request as a whole, a body that stands still, a connection on which nothing moves. One timer a
 * connection, and nothing to do for it while bytes flow. On the lane's loop.
 */
final class HttpTimeouts {
  private static final long LEAST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  private final HttpClientConnection front;
  private final RequestDecoder decoder;
  private final LoopContext lane;
  private final long headNanos;
  private final long idleNanos;
  private long lastMoved = System.nanoTime();
  private @Nullable ScheduledFuture<?> timer;

  HttpTimeouts(HttpClientConnection front, RequestDecoder decoder) {
    this.front = front;
    this.decoder = decoder;
    this.lane = front.lane;
    this.headNanos = front.route.route.options().headTimeout().toNanos();
    this.idleNanos = front.route.route.options().idleTimeout().toNanos();
  }

  /** Something moved. */
  void touch() {
    lastMoved = System.nanoTime();
  }

  void begin() {
    long shortest = idleNanos > 0 ? Math.min(headNanos, idleNanos) : headNanos;
    timer =
        lane.loop.schedule(
            this::look, Math.max(shortest / 4, LEAST_PAUSE_NANOS), TimeUnit.NANOSECONDS);
  }

  void end() {
    if (timer != null) {
      timer.cancel(false);
    }
  }

  private void look() {
    if (!front.isOver() && !ended(front.exchange())) {
      begin();
    }
  }

  private boolean ended(@Nullable Exchange exchange) {
    long now = System.nanoTime();
    long still = now - lastMoved;
    if (exchange == null) {
      boolean begun = decoder.headIncomplete();
      if (begun && now - decoder.headBegan() >= headNanos) {
        front.refuse(408, "the request did not come in time");
        return true;
      }
      if ((!front.hasGreeted() && !begun && still >= headNanos) || isIdle(still)) {
        front.close();
        return true;
      }
    } else if (exchange.waitsForBody() && still >= headNanos) {
      exchange.fail(408, "the request's body did not come in time");
      return true;
    } else if (isIdle(still) && !exchange.waits()) {
      exchange.timedOut();
      return true;
    }
    return false;
  }

  private boolean isIdle(long still) {
    return idleNanos > 0 && still >= idleNanos;
  }
}
