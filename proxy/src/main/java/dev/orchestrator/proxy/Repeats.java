package dev.orchestrator.proxy;

import java.util.concurrent.TimeUnit;

/** How often, and for how long, something that failed is done again. On a lane's loop. */
final class Repeats {
  private static final long FIRST_PAUSE_MS = 10;
  private static final long LONGEST_PAUSE_MS = 200;

  private final OpenRoute route;
  private final Lane lane;
  private long firstFailure;
  private long pauseMs = FIRST_PAUSE_MS;

  Repeats(OpenRoute route, Lane lane) {
    this.route = route;
    this.lane = lane;
  }

  /** Whether anything has failed. */
  boolean begun() {
    return firstFailure != 0;
  }

  /** After a failure: may it be done again, within the route's bound? */
  boolean allowed() {
    long now = System.nanoTime();
    if (firstFailure == 0) {
      firstFailure = now;
    }
    return now - firstFailure <= route.options.connectRetry().toNanos();
  }

  /** After a pause, longer each time. */
  void later(Runnable action) {
    route.counters.retries.increment();
    var _ = lane.loop.schedule(action, pauseMs, TimeUnit.MILLISECONDS);
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
  }

  void reset() {
    firstFailure = 0;
    pauseMs = FIRST_PAUSE_MS;
  }
}
