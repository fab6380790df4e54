package dev.orchestrator.proxy.gate;

import java.util.concurrent.atomic.AtomicLong;

/**
 * The bytes that clients have sent and that the proxy keeps in memory, of all connections together,
 * and the bound on them. Thread-safe.
 */
public final class HeldBytes {
  /** Fewer bytes of a connection are not counted: most requests cost no atomic operation so. */
  private static final long GRANULARITY = 1024;

  private final long limit;
  private final AtomicLong total = new AtomicLong();

  /**
   * None held yet.
   *
   * @param limit the bound, in bytes
   */
  public HeldBytes(long limit) {
    this.limit = limit;
  }

  /** The part of one connection; to be used on the connection's event loop. */
  public final class Share {
    private long counted;

    /**
     * Sets the number of bytes that the connection keeps.
     *
     * @return false when that would exceed the bound: then the number stays as it was, and the
     *     connection has to let go of the bytes
     */
    public boolean resize(long bytes) {
      long rounded = bytes & -GRANULARITY;
      long more = rounded - counted;
      if (more == 0) {
        return true;
      }
      if (total.addAndGet(more) > limit && more > 0) {
        total.addAndGet(-more);
        return false;
      }
      counted = rounded;
      return true;
    }
  }
}
