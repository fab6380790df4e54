package dev.orchestrator.proxy.http;

import dev.orchestrator.proxy.epoll.LoopContext;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Checks a client's HTTP connection from time to time, and ends what takes too long: the head of a
 * request as a whole, a body of which nothing comes, a connection on which nothing moves. There is
 * one timer for a connection, and it costs nothing while bytes flow. To be used on the event loop.
 */
final class HttpTimeouts {
  private static final long SHORTEST_INTERVAL_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  private final HttpClientConnection client;
  private final LoopContext loop;
  private final long headNanos;
  private final long idleNanos;
  private long lastMovedNanos = System.nanoTime();
  private @Nullable ScheduledFuture<?> timer;

  HttpTimeouts(HttpClientConnection client) {
    this.client = client;
    this.loop = client.loop;
    this.headNanos = client.route.options.headTimeout().toNanos();
    this.idleNanos = client.route.options.idleTimeout().toNanos();
  }

  /** Takes note that bytes have moved. */
  void touch() {
    lastMovedNanos = System.nanoTime();
  }

  void start() {
    long shortest = idleNanos > 0 ? Math.min(headNanos, idleNanos) : headNanos;
    timer =
        loop.schedule(
            this::check, Math.max(shortest / 4, SHORTEST_INTERVAL_NANOS), TimeUnit.NANOSECONDS);
  }

  void stop() {
    if (timer != null) {
      timer.cancel(false);
    }
  }

  private void check() {
    if (!client.isClosing() && !endIfTimedOut(client.exchange())) {
      start();
    }
  }

  private boolean endIfTimedOut(@Nullable Exchange exchange) {
    RequestDecoder decoder = client.decoder();
    long now = System.nanoTime();
    long stillNanos = now - lastMovedNanos;
    if (exchange == null) {
      boolean inHead = decoder.isHeadIncomplete();
      if (inHead && now - decoder.headBeganNanos() >= headNanos) {
        client.reject(408, "the request did not come in time");
        return true;
      }
      boolean silentFromStart = !client.hasSentRequest() && !inHead && stillNanos >= headNanos;
      if (silentFromStart || isIdle(stillNanos)) {
        client.close();
        return true;
      }
    } else if (exchange.isWaitingForBody() && stillNanos >= headNanos) {
      exchange.fail(408, "the request's body did not come in time");
      return true;
    } else if (isIdle(stillNanos) && !exchange.isWaiting()) {
      exchange.timeOut();
      return true;
    }
    return false;
  }

  private boolean isIdle(long stillNanos) {
    return idleNanos > 0 && stillNanos >= idleNanos;
  }
}
