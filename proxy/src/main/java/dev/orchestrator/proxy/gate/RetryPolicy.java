package dev.orchestrator.proxy.gate;

import dev.orchestrator.proxy.epoll.LoopContext;
import java.util.concurrent.TimeUnit;

/** How often, and for how long, something that failed is done again. On a lane's loop. */
public final class RetryPolicy {
  private static final long FIRST_PAUSE_MS = 10;
  private static final long LONGEST_PAUSE_MS = 200;

  private final OpenRoute route;
  private final LoopContext lane;
  private long firstFailure;
  private long pauseMs = FIRST_PAUSE_MS;

  public RetryPolicy(OpenRoute route, LoopContext lane) {
    this.route = route;
    this.lane = lane;
  }

  /** Whether anything has failed. */
  public boolean begun() {
    return firstFailure != 0;
  }

  /** After a failure: may it be done again, within the route's bound? */
  public boolean allowed() {
    long now = System.nanoTime();
    if (firstFailure == 0) {
      firstFailure = now;
    }
    return now - firstFailure <= route.options.connectRetry().toNanos();
  }

  /** After a pause, longer each time. */
  public void later(Runnable action) {
    route.counters.retries.increment();
    var _ = lane.loop.schedule(action, pauseMs, TimeUnit.MILLISECONDS);
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
  }

  void reset() {
    firstFailure = 0;
    pauseMs = FIRST_PAUSE_MS;
  }
}
