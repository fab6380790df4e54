package dev.orchestrator.proxy.udp;

import dev.orchestrator.proxy.epoll.EpollSocket;
import dev.orchestrator.proxy.epoll.LoopContext;
import dev.orchestrator.proxy.gate.ResolvedBackend;
import dev.orchestrator.proxy.gate.Session;
import dev.orchestrator.proxy.stats.TargetCounters;
import io.netty.channel.epoll.LinuxSocket;
import io.netty.channel.socket.SocketProtocolFamily;
import io.netty.channel.unix.Socket;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The socket of one client's session to the target on one backend. A drain closes it when its
 * target has answered, or a second after its last datagram: nothing tells whether a target means to
 * answer. On one event loop; {@link #cut}, {@link #close}, {@link #endSoon} and {@link #isBusy} may
 * be called on any thread.
 */
final class Upstream extends Session implements EpollSocket.Owner, SendBatch.Sender {
  /** How long an answer is waited for by a drain. */
  private static final long ANSWER_NANOS = TimeUnit.SECONDS.toNanos(1);

  private static final int TURNS = 4;

  private final UdpRelay relay;
  private final UdpSession client;
  private final LoopContext loop;
  private final LoopBatches batches;
  private final EpollSocket socket;
  private final TargetCounters counters;
  private int longestSegment = Integer.MAX_VALUE;
  private boolean ending;
  private @Nullable ScheduledFuture<?> endTimer;
  final long openedNanos = System.nanoTime();
  private boolean refused;

  /** Datagrams sent for which none has come back yet: no more than a guess. */
  private volatile int unanswered;

  private volatile long lastSentNanos;

  private Upstream(
      UdpRelay relay,
      UdpSession client,
      ResolvedBackend backend,
      LoopContext loop,
      LoopBatches batches,
      Socket socket) {
    super(relay.route(), backend);
    this.relay = relay;
    this.client = client;
    this.loop = loop;
    this.batches = batches;
    this.counters = backend.counters();
    this.socket = new EpollSocket(socket, this);
  }

  /**
   * Opens a socket to a target.
   *
   * @throws IOException when none can be opened, as of too many open files
   */
  static Upstream open(
      UdpRelay relay,
      UdpSession client,
      ResolvedBackend backend,
      InetSocketAddress target,
      LoopContext loop,
      LoopBatches batches)
      throws IOException {
    Socket socket =
        LinuxSocket.newSocketDgram(
            target.getAddress() instanceof Inet4Address
                ? SocketProtocolFamily.INET
                : SocketProtocolFamily.INET6);
    Upstream upstream = new Upstream(relay, client, backend, loop, batches, socket);
    try {
      DatagramOptions.set(socket);
      boolean _ = socket.connect(target);
      upstream.socket.registerToRead(loop.eventLoop);
    } catch (IOException e) {
      upstream.socket.close();
      throw e;
    }
    upstream.register();
    return upstream;
  }

  /** True when the target's machine has said that nothing listens there. */
  boolean wasRefused() {
    return refused;
  }

  /**
   * Sends a batch.
   *
   * @param datagrams in it
   * @param bytes in it, without headers
   */
  void send(SendBatch batch, int datagrams, long bytes, long nanos) {
    counters.bytesIn.add(bytes);
    counters.datagramsIn.add(datagrams);
    lastSentNanos = nanos;
    int before = unanswered; // this thread alone writes it
    unanswered = before + datagrams;
    batch.send(socket.socket().intValue(), this);
  }

  @Override
  public int longestSegment() {
    return longestSegment;
  }

  @Override
  public void segmentRefused(int length) {
    longestSegment = Math.min(longestSegment, length - 1);
  }

  @Override
  public void notSent(int datagrams, int error) {
    if (error == DatagramCalls.EINTR) {
      return;
    }
    if (error != DatagramCalls.EAGAIN && error != DatagramCalls.EMSGSIZE) {
      markRefused();
    }
    relay.countDropped(datagrams);
  }

  private void markRefused() {
    refused = true;
    counters.connectFailures.increment();
  }

  @Override
  public void ready(EpollSocket self) {
    if (!receive()) {
      loop.eventLoop.execute(() -> {
        if (isOpen()) {
          ready(socket);
        }
      });
    } else if (isOpen()) {
      endIfAnswered(); // only when all is read, as an answer may have several datagrams
    }
  }

  /** Passes on what has arrived, with a bound; true when nothing is left to be read now. */
  private boolean receive() {
    int received = 0;
    boolean emptied = false;
    for (int turn = 0; turn < TURNS && isOpen() && !emptied; turn++) {
      int from = batches.firstFreeSlot(relay);
      received = batches.fromTargets.receive(socket.socket().intValue(), from);
      if (received > 0) {
        int datagrams = passOn(from, received);
        batches.useSlots(received);
        unanswered = Math.max(0, unanswered - datagrams);
      } else if (received == -DatagramCalls.ECONNREFUSED) {
        markRefused(); // the network's answer to a datagram; the next call gives datagrams again
      }
      emptied = DatagramCalls.isEmptied(received, ReceiveBatch.SLOTS - from);
    }
    return emptied || received <= 0;
  }

  private int passOn(int from, int count) {
    int datagrams = 0;
    long bytes = 0;
    for (int slot = from; slot < from + count; slot++) {
      int length = batches.fromTargets.length(slot);
      int segment = batches.fromTargets.segment(slot);
      int at = 0;
      do {
        int part = Math.min(SendBatch.mostBytes(segment), length - at);
        int group = ReceiveBatch.datagrams(part, segment);
        if (batches.toClients.isFull(group)) {
          relay.sendToClients(batches.toClients);
        }
        batches.toClients.add(
            client.client,
            batches.fromTargets.address(slot) + at,
            part,
            segment,
            0,
            0,
            relay.longestSegment());
        datagrams += group;
        at += part;
      } while (at < length);
      bytes += length;
    }
    counters.bytesOut.add(bytes);
    counters.datagramsOut.add(datagrams);
    relay.touch(client);
    return datagrams;
  }

  @Override
  public boolean isBusy() {
    return unanswered > 0 && System.nanoTime() - lastSentNanos < ANSWER_NANOS;
  }

  @Override
  public void endSoon() {
    loop.execute(() -> {
      if (isOpen() && !ending) {
        ending = true;
        endIfAnswered();
      }
    });
  }

  private void endIfAnswered() {
    if (!ending) {
      return;
    }
    if (!isBusy()) {
      close();
    } else if (endTimer == null) {
      long rest = lastSentNanos + ANSWER_NANOS - System.nanoTime();
      endTimer =
          loop.schedule(
              () -> {
                endTimer = null;
                if (isOpen()) {
                  endIfAnswered();
                }
              },
              Math.max(1, rest),
              TimeUnit.NANOSECONDS);
    }
  }

  @Override
  public void cut() {
    close();
  }

  @Override
  public void close() {
    loop.execute(() -> {
      if (!isOpen()) {
        return;
      }
      // Answers that have arrived must be sent before a drain ends.
      boolean _ = receive();
      batches.flush();
      unregister();
      if (client.upstream == this) {
        client.upstream = null;
      }
      if (endTimer != null) {
        endTimer.cancel(false);
      }
      socket.close();
    });
  }
}
