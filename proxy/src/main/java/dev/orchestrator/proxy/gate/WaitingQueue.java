package dev.orchestrator.proxy.gate;

import dev.orchestrator.proxy.config.Backend;
import dev.orchestrator.proxy.gate.GateState.Closed;
import dev.orchestrator.proxy.gate.GateState.Holding;
import dev.orchestrator.proxy.gate.GateState.Open;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;

/**
 * The connections of a route that have no target yet: waiting in order of arrival, or in one of the
 * bounded number of attempts to connect. Thread-safe. The lock is never held while a connection is
 * acted upon.
 */
public final class WaitingQueue {
  private final Gate gate;
  private final int connectsInFlight;
  private final NavigableMap<Long, QueueEntry> waiting = new TreeMap<>();
  private final Set<QueueEntry> connecting = new HashSet<>();

  WaitingQueue(Gate gate, int connectsInFlight) {
    this.gate = gate;
    this.connectsInFlight = connectsInFlight;
  }

  /** Takes a connection in at the place of its arrival, the first time or back from an attempt. */
  void add(QueueEntry waiter) {
    synchronized (this) {
      connecting.remove(waiter);
      waiting.put(waiter.order(), waiter);
      if (gate.holding()) {
        waiter.markHeld();
      }
    }
    pump();
  }

  /** The connection needs no target any more, or not now. */
  void remove(QueueEntry waiter) {
    boolean slotFree;
    synchronized (this) {
      waiting.remove(waiter.order());
      slotFree = connecting.remove(waiter) && !waiting.isEmpty();
    }
    if (slotFree) {
      pump();
    }
  }

  /** Attempts for a side that no longer serves come back, and those that wait are looked at. */
  public void gateChanged() {
    List<QueueEntry> recalled;
    synchronized (this) {
      recalled = List.copyOf(connecting);
      if (gate.holding()) {
        waiting.values().forEach(QueueEntry::markHeld);
      }
    }
    recalled.forEach(QueueEntry::recall);
    pump();
  }

  private void pump() {
    List<QueueEntry> ready = new ArrayList<>(1);
    GateState state;
    synchronized (this) {
      // Read under the lock: whoever adds after a change of the gate sees the new state, whoever
      // added before it is seen by gateChanged.
      state = gate.state();
      switch (state) {
        case Open(var _) -> {
          while (!waiting.isEmpty() && connecting.size() < connectsInFlight) {
            QueueEntry next = waiting.pollFirstEntry().getValue();
            connecting.add(next);
            ready.add(next);
          }
        }
        case Holding(var _, var _) -> {}
        case Closed() -> {
          ready.addAll(waiting.values());
          waiting.clear();
        }
      }
    }
    for (QueueEntry waiter : ready) {
      if (state instanceof Open(Backend side)) {
        waiter.proceed(side);
      } else {
        waiter.refuse();
      }
    }
  }
}
