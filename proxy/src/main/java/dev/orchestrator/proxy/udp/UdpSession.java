package dev.orchestrator.proxy.udp;

import dev.orchestrator.proxy.stats.HoldCounters;
import org.jspecify.annotations.Nullable;

/**
 * A client of a udp route, known by its address: its socket to a backend, and its datagrams that
 * wait. Used on one event loop.
 */
final class UdpSession {
  final ClientAddress client;

  /** Sent before each datagram to the target; empty for none. */
  final byte[] header;

  final HeldDatagrams.Queue held = new HeldDatagrams.Queue();

  /** Null until the first datagram is sent on, and after a drain. */
  @Nullable Upstream upstream;

  // While it waits:
  boolean waiting;
  long waitingSinceNanos;
  @Nullable HoldCounters hold;

  /** True once the relay has forgotten it. */
  boolean ended;

  // Its place among the sessions of the relay, by their last activity:
  @Nullable UdpSession lessRecent;
  @Nullable UdpSession moreRecent;
  long lastActiveNanos;

  /** The first and last slot with its datagrams in the batch that is being read; -1 for none. */
  int firstSlot = -1;

  int lastSlot = -1;

  UdpSession(ClientAddress client, byte[] header) {
    this.client = client;
    this.header = header;
  }
}
