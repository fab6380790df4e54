package dev.orchestrator.proxy.gate;

import java.util.concurrent.Semaphore;

/**
 * Bounds on the clients that wait, for all routes of one kind together. Thread-safe.
 *
 * @param slots a permit for each client that may wait
 * @param bytes of clients that are kept in memory, with their bound
 */
public record HoldLimits(Semaphore slots, HeldBytes bytes) {
  /** Nobody waits yet. */
  public HoldLimits(int most, long mostBytes) {
    this(new Semaphore(most), new HeldBytes(mostBytes));
  }
}
