package dev.orchestrator.upgrade;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The lock of the capsule that serves. Its holder may stop, start or replace that capsule: the
 * supervisor during a check, a run from its hold to its end or to the hold's undo, {@code down}.
 * Reentrant, owned by a thread.
 */
public final class ServingLock {
  /** The start of a capsule that had stopped takes minutes at most. */
  private static final Duration ACQUIRE_TIMEOUT = Duration.ofMinutes(5);

  private final ReentrantLock lock = new ReentrantLock();

  /** Takes the lock if it is free. */
  public boolean tryAcquire() {
    return lock.tryLock();
  }

  /** Waits for the lock, five minutes at most; false when it was not free by then. */
  public boolean acquire() {
    return acquire(ACQUIRE_TIMEOUT);
  }

  /** Waits for the lock within a limit; false when it was not free by then or on an interrupt. */
  public boolean acquire(Duration limit) {
    try {
      return lock.tryLock(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /**
   * Releases the lock, however often this thread has taken it; no effect where it does not hold it.
   */
  public void release() {
    while (lock.isHeldByCurrentThread()) {
      lock.unlock();
    }
  }
}
