package dev.orchestrator.proxy.gate;

import dev.orchestrator.proxy.config.ProxyException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** What keeps a target busy, and what a drain waits for. Thread-safe. */
public abstract class Session {
  /** When a session is cut: the time for what the client had sent before to be passed on. */
  public static final long SETTLE_MS = 10;

  /** When a session is cut: how long a target that read the end may take for its last bytes. */
  public static final long GRACE_MS = 200;

  private final OpenRoute route;
  private final ResolvedBackend lead;
  private final CountDownLatch closed = new CountDownLatch(1);
  private final CountDownLatch parted = new CountDownLatch(1);

  /** One that has not begun. */
  public Session(OpenRoute route, ResolvedBackend lead) {
    this.route = route;
    this.lead = lead;
  }

  public final OpenRoute route() {
    return route;
  }

  public final ResolvedBackend lead() {
    return lead;
  }

  public final void begun() {
    lead.counters().total.increment();
    lead.counters().open.increment();
    route.sessions.add(this);
  }

  /** False for a connection to a target that is kept for later, and serves nobody now. */
  public abstract boolean isBusy();

  /**
   * Ends it in order: what was read is passed on, the target gets a moment to finish, then the
   * client reads the end of the stream.
   */
  public abstract void cut();

  /** Ends it at once. */
  public abstract void close();

  public boolean isOpen() {
    return closed.getCount() > 0;
  }

  /** The client was told of the end of what was cut. */
  public final void parted() {
    parted.countDown();
  }

  /** First of all that ends it: whoever sees what became of it finds it gone from the figures. */
  public final void closed() {
    lead.counters().open.decrement();
    route.sessions.remove(this);
    parted.countDown();
    closed.countDown();
  }

  final boolean awaitClosed(Duration atMost) {
    return await(closed, atMost);
  }

  final boolean awaitParted(Duration atMost) {
    return await(parted, atMost);
  }

  private static boolean await(CountDownLatch latch, Duration atMost) {
    try {
      return latch.await(atMost.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ProxyException("interrupted while waiting for the proxy's connections", e);
    }
  }
}
