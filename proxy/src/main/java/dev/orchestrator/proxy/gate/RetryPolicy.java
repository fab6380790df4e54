package dev.orchestrator.proxy.gate;

import dev.orchestrator.proxy.epoll.LoopContext;
import java.util.concurrent.TimeUnit;

/**
 * Repeats something that fails, with growing pauses, until the bound of the proxy's options is
 * reached ({@link dev.orchestrator.proxy.config.ProxyOptions#connectRetry}). Used on one event
 * loop.
 */
public final class RetryPolicy {
  private static final long FIRST_PAUSE_MS = 10;
  private static final long LONGEST_PAUSE_MS = 200;

  private final OpenRoute route;
  private final LoopContext loop;
  private long firstFailureNanos;
  private long pauseMs = FIRST_PAUSE_MS;

  public RetryPolicy(OpenRoute route, LoopContext loop) {
    this.route = route;
    this.loop = loop;
  }

  public boolean hasFailed() {
    return firstFailureNanos != 0;
  }

  /**
   * To be called after each failure; the time of the first begins the bound.
   *
   * @return whether another try is within the bound
   */
  public boolean registerFailure() {
    long now = System.nanoTime();
    if (firstFailureNanos == 0) {
      firstFailureNanos = now;
    }
    return now - firstFailureNanos <= route.limits.connectRetry().toNanos();
  }

  /** Runs the next try after a pause, and counts it. */
  public void schedule(Runnable action) {
    route.counters.retries.increment();
    var _ = loop.schedule(action, pauseMs, TimeUnit.MILLISECONDS);
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
  }

  /** Forgets all failures. */
  void reset() {
    firstFailureNanos = 0;
    pauseMs = FIRST_PAUSE_MS;
  }
}
