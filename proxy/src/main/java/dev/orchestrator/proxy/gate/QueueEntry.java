package dev.orchestrator.proxy.gate;

import dev.orchestrator.proxy.config.Backend;

/**
 * A connection, or a request of one, that has no target yet. Methods may be called from anywhere;
 * all but {@link #markHeld} act on the waiter's own lane, later.
 */
interface QueueEntry {
  /** Its place among all of the route, by arrival. */
  long order();

  /** It met a held gate. Called under the queue's lock. */
  void markHeld();

  /** It is its turn: it gets a target, or comes back to the queue. */
  void proceed(Backend side);

  /** Gives an attempt to connect up: nothing was sent, so that it can wait again. */
  void recall();

  /** Nothing serves. */
  void refuse();
}
