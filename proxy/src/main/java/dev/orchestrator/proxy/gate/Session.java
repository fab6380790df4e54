package dev.orchestrator.proxy.gate;

import dev.orchestrator.proxy.config.ProxyException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * A connection to a target: what a drain waits for, and cuts when its budget is spent. Methods may
 * be called on any thread.
 */
public abstract class Session {
  /** When a session is cut: the time for what the client had sent before to be passed on. */
  public static final long SETTLE_MS = 10;

  /** When a session is cut: how long a target that read the end may take for its last bytes. */
  public static final long GRACE_MS = 200;

  private final OpenRoute route;
  private final ResolvedBackend backend;
  private final CountDownLatch closed = new CountDownLatch(1);
  private final CountDownLatch endPassed = new CountDownLatch(1);

  /** A session that is not yet counted: see {@link #register}. */
  public Session(OpenRoute route, ResolvedBackend backend) {
    this.route = route;
    this.backend = backend;
  }

  public final OpenRoute route() {
    return route;
  }

  public final ResolvedBackend backend() {
    return backend;
  }

  /** Counts the session as open, and lets drains see it. */
  public final void register() {
    backend.counters().total.increment();
    backend.counters().open.increment();
    route.sessions.add(this);
  }

  /** False for an idle connection, which serves no client now and is kept for a later request. */
  public abstract boolean isBusy();

  /**
   * Tells a busy session that a drain waits for its end. A session that nobody ends, as it is no
   * connection, ends itself once it is not busy.
   */
  public void endSoon() {}

  /**
   * Ends the session in order: bytes that were read are passed on, the target gets a moment to
   * finish, then the client reads the end of the stream.
   */
  public abstract void cut();

  /** Ends the session at once. */
  public abstract void close();

  public boolean isOpen() {
    return closed.getCount() > 0;
  }

  /** To be called when the client of a session that is cut has been sent the end of the stream. */
  public final void markEndPassed() {
    endPassed.countDown();
  }

  /**
   * To be called before everything else that ends the session: a peer that sees its effects must
   * find the session gone from the figures.
   */
  public final void unregister() {
    backend.counters().open.decrement();
    route.sessions.remove(this);
    endPassed.countDown();
    closed.countDown();
  }

  final boolean awaitClosed(Duration atMost) {
    return await(closed, atMost);
  }

  final boolean awaitEndPassed(Duration atMost) {
    return await(endPassed, atMost);
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
