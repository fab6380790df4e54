package dev.orchestrator.proxy.udp;

import dev.orchestrator.proxy.epoll.LoopContext;
import io.netty.channel.unix.Buffer;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The batches that all udp routes of one event loop share, as each is emptied before it is left.
 */
final class LoopBatches implements LoopContext.Resource {
  /** Room for a PROXY protocol header. */
  private static final int HEADER_BYTES = 64;

  /** From clients: sent on before the next datagrams are received. */
  final ReceiveBatch fromClients;

  /** To the target of one session. */
  final SendBatch toTarget;

  /** From targets: answers of several sessions, sent on when the loop has seen to all sockets. */
  final ReceiveBatch fromTargets;

  /** To the clients of {@link #answering}. */
  final SendBatch toClients;

  private final LoopContext loop;
  private final ByteBuffer header = ReceiveBatch.memory(HEADER_BYTES);
  final long headerAddress = Buffer.memoryAddress(header);
  private @Nullable UdpRelay answering;
  private int usedSlots;
  private boolean flushIsDue;
  private boolean closed;

  private LoopBatches(LoopContext loop) {
    this.loop = loop;
    DatagramCalls calls = new DatagramCalls();
    fromClients = new ReceiveBatch(calls);
    toTarget = new SendBatch(calls);
    fromTargets = new ReceiveBatch(calls, false);
    toClients = new SendBatch(calls);
  }

  /** Those of an event loop. To be called there. */
  static LoopBatches of(LoopContext loop) {
    return loop.resource(LoopBatches.class, () -> new LoopBatches(loop));
  }

  /** Puts a header where {@link #headerAddress} is. */
  void putHeader(byte[] bytes) {
    header.put(0, bytes);
  }

  /** The first free slot for answers to clients of a relay, with at least some behind it. */
  int firstFreeSlot(UdpRelay relay) {
    if (answering != relay || usedSlots > ReceiveBatch.SLOTS / 2) {
      flush();
      answering = relay;
    }
    return usedSlots;
  }

  /** Takes note of slots in use until the next flush. */
  void useSlots(int count) {
    usedSlots += count;
    if (!flushIsDue) {
      flushIsDue = true;
      loop.eventLoop.execute(this::flushDue);
    }
  }

  private void flushDue() {
    flushIsDue = false;
    flush();
  }

  /** Sends the answers that have come so far. */
  void flush() {
    if (answering != null) {
      answering.sendToClients(toClients);
    }
    usedSlots = 0;
  }

  /** Forgets answers to a relay's clients, as its socket closes. */
  void forget(UdpRelay relay) {
    if (answering == relay) {
      toClients.clear();
      usedSlots = 0;
      answering = null;
    }
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    fromClients.close();
    fromTargets.close();
  }
}
