package dev.orchestrator.upgrade;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Held by the thread that may stop, start or replace the capsule that serves: the supervisor for a
 * look, a run from its hold to its end, {@code down}. Belongs to a thread; may be taken again by
 * the same one.
 */
public final class ServingLock {
  /** The start of a capsule that had stopped takes minutes at most. */
  private static final Duration ACQUIRE_TIMEOUT = Duration.ofMinutes(5);

  private final ReentrantLock lock = new ReentrantLock();

  /** Takes it when it is free. */
  public boolean tryAcquire() {
    return lock.tryLock();
  }

  /** Waits for it, some minutes at most; false when it was not to be had. */
  public boolean acquire() {
    return acquire(ACQUIRE_TIMEOUT);
  }

  /** Waits for it within a limit: a look takes a moment, the start of a capsule longer. */
  public boolean acquire(Duration limit) {
    try {
      return lock.tryLock(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** Gives it back, however often this thread has taken it; nothing where it has not. */
  public void release() {
    while (lock.isHeldByCurrentThread()) {
      lock.unlock();
    }
  }
}
