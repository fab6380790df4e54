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
 * The connections of a route that have no target yet: those that wait, in order of arrival, and
 * those in one of the bounded number of attempts to connect. Thread-safe. The lock is never held
 * while an entry is acted upon.
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

  /** Adds an entry at the place of its arrival: a new one, or one back from an attempt. */
  void add(QueueEntry entry) {
    synchronized (this) {
      connecting.remove(entry);
      waiting.put(entry.arrivalOrder(), entry);
      if (gate.isHolding()) {
        entry.markHeld();
      }
    }
    startNext();
  }

  /** Removes an entry that needs no target any more, or pauses between two attempts. */
  void remove(QueueEntry entry) {
    boolean mayStartNext;
    synchronized (this) {
      waiting.remove(entry.arrivalOrder());
      mayStartNext = connecting.remove(entry) && !waiting.isEmpty();
    }
    if (mayStartNext) {
      startNext();
    }
  }

  /** Takes attempts to connect back into the queue, and acts on it as the gate says now. */
  public void gateChanged() {
    List<QueueEntry> cancelled;
    synchronized (this) {
      cancelled = List.copyOf(connecting);
      if (gate.isHolding()) {
        waiting.values().forEach(QueueEntry::markHeld);
      }
    }
    cancelled.forEach(QueueEntry::cancelConnect);
    startNext();
  }

  private void startNext() {
    List<QueueEntry> next = new ArrayList<>(1);
    GateState state;
    synchronized (this) {
      // The state is read under the lock: an entry that is added after a change of the gate meets
      // the new state here, and an entry that was added before it is seen by gateChanged.
      state = gate.state();
      switch (state) {
        case Open(var _) -> {
          while (!waiting.isEmpty() && connecting.size() < connectsInFlight) {
            QueueEntry first = waiting.pollFirstEntry().getValue();
            connecting.add(first);
            next.add(first);
          }
        }
        case Holding(var _, var _) -> {}
        case Closed() -> {
          next.addAll(waiting.values());
          waiting.clear();
        }
      }
    }
    for (QueueEntry entry : next) {
      if (state instanceof Open(Backend backend)) {
        entry.startConnect(backend);
      } else {
        entry.reject();
      }
    }
  }
}
