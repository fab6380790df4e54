package dev.orchestrator.proxy.udp;

import dev.orchestrator.proxy.gate.OpenRoute;
import org.jspecify.annotations.Nullable;

/**
 * The clients of one listening socket that wait for a backend, with their datagrams: how many may,
 * and what the figures of the route say of them. Used on one event loop.
 */
final class WaitingClients {
  private final OpenRoute route;
  private final HeldDatagrams held;

  WaitingClients(OpenRoute route) {
    this.route = route;
    this.held =
        new HeldDatagrams(
            route.limits.maxHeldDatagrams(), route.heldBytes, session -> end(session, false));
  }

  /**
   * Keeps copies of the datagrams of a slot, or drops them.
   *
   * @param gateHolds false where the backend's address is not known yet
   */
  void hold(ReceiveBatch in, UdpSession session, int slot, boolean gateHolds, long nowNanos) {
    if (!session.waiting && !begin(session, gateHolds, nowNanos)) {
      countDropped(in.datagrams(slot));
      return;
    }
    int length = in.length(slot);
    int segment = in.segment(slot);
    int from = 0;
    do {
      int part = Math.min(segment, length - from);
      countDropped(held.add(session, in.copy(slot, from, part)));
      from += part;
    } while (from < length);
  }

  private boolean begin(UdpSession session, boolean gateHolds, long nowNanos) {
    if (!route.heldSlots.tryAcquire()) {
      route.counters.refused.increment();
      route.warn("too many clients wait (max held " + route.limits.maxHeld() + ")");
      return false;
    }
    session.waiting = true;
    session.waitingSinceNanos = nowNanos;
    session.hold = gateHolds ? route.counters.enterHold() : null;
    route.counters.waiting.increment();
    return true;
  }

  private void end(UdpSession session, boolean served) {
    if (!session.waiting) {
      return;
    }
    session.waiting = false;
    route.counters.waiting.decrement();
    route.heldSlots.release();
    if (served && session.hold != null) {
      route.counters.served(session.hold, System.nanoTime() - session.waitingSinceNanos);
    }
    session.hold = null;
  }

  /** The client with the oldest datagram; null when nobody waits. */
  @Nullable UdpSession first() {
    return held.first();
  }

  /** Sends a client's datagrams; it waits no longer. */
  void release(UdpSession session, Upstream upstream, LoopBatches batches, long nowNanos) {
    batches.putHeader(session.header);
    ReceiveBatch scratch = batches.fromClients;
    while (!session.held.isEmpty()) {
      int slot = 0;
      long bytes = 0;
      byte[] datagram = null;
      while (slot < ReceiveBatch.SLOTS && (datagram = held.poll(session)) != null) {
        scratch.put(slot, datagram);
        batches.toTarget.add(
            null,
            scratch.address(slot),
            datagram.length,
            datagram.length,
            batches.headerAddress,
            session.header.length,
            upstream.longestSegment());
        bytes += datagram.length;
        slot++;
      }
      upstream.send(batches.toTarget, slot, bytes, nowNanos);
    }
    end(session, true);
  }

  /** Drops what a client has waiting. */
  void drop(UdpSession session) {
    int dropped = 0;
    while (held.poll(session) != null) {
      dropped++;
    }
    countDropped(dropped);
    end(session, false);
  }

  /** Drops everything: nobody will serve. */
  void dropAll() {
    for (UdpSession session = held.first(); session != null; session = held.first()) {
      route.counters.refused.increment();
      drop(session);
    }
  }

  private void countDropped(int datagrams) {
    if (datagrams > 0) {
      route.counters.dropped.add(datagrams);
    }
  }
}
