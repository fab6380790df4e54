package dev.orchestrator.proxy.udp;

import dev.orchestrator.proxy.gate.HeldBytes;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The datagrams of one listening socket that wait for a backend, in the order of their arrival.
 * Each session may have a bounded number of them, and all sockets of udp routes together a bounded
 * number of bytes; the oldest are dropped to make room. Used on one event loop.
 */
final class HeldDatagrams {
  /** Bytes of one session. */
  static final int MOST_BYTES_OF_SESSION = 256 * 1024;

  /** What an entry takes beside its bytes, about. */
  private static final int ENTRY_BYTES = 80;

  private static final class Entry {
    final UdpSession session;
    final byte[] bytes;
    @Nullable Entry older;
    @Nullable Entry newer;
    @Nullable Entry newerOfSession;

    Entry(UdpSession session, byte[] bytes) {
      this.session = session;
      this.bytes = bytes;
    }
  }

  /** The datagrams of one session. */
  static final class Queue {
    private @Nullable Entry oldest;
    private @Nullable Entry newest;
    private int count;
    private long bytes;

    boolean isEmpty() {
      return oldest == null;
    }
  }

  private final int mostOfSession;
  private final HeldBytes.Share share;
  private final Consumer<UdpSession> emptied;
  private @Nullable Entry oldest;
  private @Nullable Entry newest;
  private long bytes;

  /**
   * None held.
   *
   * @param mostOfSession the bound on the datagrams of one session
   * @param emptied is told of a session that has lost its last datagram to make room
   */
  HeldDatagrams(int mostOfSession, HeldBytes heldBytes, Consumer<UdpSession> emptied) {
    this.mostOfSession = mostOfSession;
    this.share = heldBytes.new Share();
    this.emptied = emptied;
  }

  /**
   * Adds a datagram.
   *
   * @return the number of datagrams that were dropped for it; it may be itself among them
   */
  int add(UdpSession session, byte[] datagram) {
    Queue queue = session.held;
    int dropped = 0;
    long most = Math.max(MOST_BYTES_OF_SESSION, datagram.length);
    while (queue.count >= mostOfSession || queue.bytes + datagram.length > most) {
      byte[] _ = poll(session);
      dropped++;
    }
    long needed = (long) datagram.length + ENTRY_BYTES;
    while (!share.resize(bytes + needed)) {
      Entry first = oldest;
      dropped++;
      if (first == null) {
        emptied.accept(session); // others have taken all of the memory
        return dropped;
      }
      byte[] _ = poll(first.session);
      if (first.session != session && first.session.held.isEmpty()) {
        emptied.accept(first.session);
      }
    }
    append(new Entry(session, datagram), needed);
    return dropped;
  }

  private void append(Entry entry, long size) {
    entry.older = newest;
    if (newest == null) {
      oldest = entry;
    } else {
      newest.newer = entry;
    }
    newest = entry;
    bytes += size;
    Queue queue = entry.session.held;
    if (queue.newest == null) {
      queue.oldest = entry;
    } else {
      queue.newest.newerOfSession = entry;
    }
    queue.newest = entry;
    queue.count++;
    queue.bytes += entry.bytes.length;
  }

  /** Removes the oldest datagram of a session; null when it has none. */
  byte @Nullable [] poll(UdpSession session) {
    Queue queue = session.held;
    Entry entry = queue.oldest;
    if (entry == null) {
      return null;
    }
    queue.oldest = entry.newerOfSession;
    if (queue.oldest == null) {
      queue.newest = null;
    }
    queue.count--;
    queue.bytes -= entry.bytes.length;
    if (entry.older == null) {
      oldest = entry.newer;
    } else {
      entry.older.newer = entry.newer;
    }
    if (entry.newer == null) {
      newest = entry.older;
    } else {
      entry.newer.older = entry.older;
    }
    bytes -= entry.bytes.length + ENTRY_BYTES;
    boolean _ = share.resize(bytes); // fewer bytes always fit
    return entry.bytes;
  }

  /** The session with the oldest datagram; null when nothing is held. */
  @Nullable UdpSession first() {
    return oldest == null ? null : oldest.session;
  }
}
