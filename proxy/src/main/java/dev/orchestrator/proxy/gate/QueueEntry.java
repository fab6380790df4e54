package dev.orchestrator.proxy.gate;

import dev.orchestrator.proxy.config.Backend;

/**
 * A connection or request in a {@link WaitingQueue}. Methods may be called on any thread; all but
 * {@link #markHeld} act later, on the entry's own event loop.
 */
interface QueueEntry {
  /** The place among all entries of the route, by arrival. */
  long arrivalOrder();

  /** Counts the entry as held by the running hold. Called under the queue's lock. */
  void markHeld();

  /** Begins to connect to the backend: the entry gets a target, or comes back to the queue. */
  void startConnect(Backend backend);

  /** Gives up an attempt to connect; as nothing was sent, the entry comes back to the queue. */
  void cancelConnect();

  /** Ends the wait, as no backend serves. */
  void reject();
}
