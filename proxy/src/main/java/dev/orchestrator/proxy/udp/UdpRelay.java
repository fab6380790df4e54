package dev.orchestrator.proxy.udp;

import dev.orchestrator.proxy.config.ProxyProtocol;
import dev.orchestrator.proxy.epoll.EpollSocket;
import dev.orchestrator.proxy.epoll.LoopContext;
import dev.orchestrator.proxy.gate.GateState;
import dev.orchestrator.proxy.gate.OpenRoute;
import dev.orchestrator.proxy.gate.ResolvedBackend;
import io.netty.channel.ChannelException;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One port of a udp route: its listening socket and the sessions of its clients. Where a datagram
 * goes is decided when it arrives: to the backend that serves; while the gate is held it waits.
 *
 * <pre>
 *   client ──▶ listening socket ──▶ session ──▶ {@link Upstream} ──▶ target of the open backend
 *                                      └──────▶ {@link HeldDatagrams}, while there is none
 *   client ◀── listening socket ◀──────────── {@link Upstream} ◀── target
 * </pre>
 *
 * <p>Lives on one event loop, as do its sessions; the public methods may be called on any thread
 * and act on the loop.
 */
public final class UdpRelay implements EpollSocket.Owner, SendBatch.Sender {
  /** After so many full batches other sockets of the loop get their turn. */
  private static final int TURNS = 4;

  /** Sessions whose held datagrams are sent before other sockets get their turn. */
  private static final int RELEASES_PER_TURN = 64;

  /** After a target was found not to listen, a session tries another socket so often. */
  private static final long REOPEN_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final OpenRoute route;
  private final LoopContext loop;
  private final EpollSocket socket;
  private final TargetLookup targets;
  private final UdpSessions sessions;
  private final WaitingClients waiting;
  private final ClientAddress sender = new ClientAddress();
  private final UdpSession[] touched = new UdpSession[ReceiveBatch.SLOTS];
  private final int[] nextSlot = new int[ReceiveBatch.SLOTS];
  private int longestSegment = Integer.MAX_VALUE;
  private boolean accepting;
  private boolean hasAccepted;
  private boolean closed;
  private boolean releaseIsDue;
  private long nowNanos;

  /**
   * A relay that does not receive yet.
   *
   * @param port the place among the ports of the route, counted from 0
   * @throws IOException when the socket does not take its options
   */
  public UdpRelay(OpenRoute route, int port, LoopContext loop, Socket socket) throws IOException {
    this.route = route;
    this.loop = loop;
    DatagramCalls.prepare();
    this.socket = new EpollSocket(socket, this);
    this.waiting = new WaitingClients(route);
    this.targets = new TargetLookup(route, port, loop, this::gateChanged, waiting::dropAll);
    this.sessions = new UdpSessions(route, loop, this::header, this::ended);
    DatagramOptions.setListening(socket);
    route.onGateChange(() -> loop.execute(this::gateChanged));
  }

  /** Begins to receive. */
  public void accept() {
    loop.execute(() -> {
      accepting = true;
      hasAccepted = true;
      try {
        socket.registerToRead(loop.eventLoop);
      } catch (IOException e) {
        route.warn("cannot receive: " + e.getMessage());
      }
    });
  }

  /** Stops to receive until the next {@link #accept}; datagrams wait in the kernel meanwhile. */
  public void pause() {
    loop.execute(() -> {
      accepting = false;
      socket.deregister();
    });
  }

  /**
   * Ends all sessions, and leaves the socket open or closes it.
   *
   * @param closeSocket false where the socket outlives this relay
   */
  public void close(boolean closeSocket) {
    pause();
    loop.execute(() -> {
      if (closed) {
        return;
      }
      if (hasAccepted) {
        endAll(LoopBatches.of(loop));
      }
      closed = true;
      sessions.close();
      if (closeSocket) {
        socket.close();
      }
    });
  }

  private void endAll(LoopBatches batches) {
    batches.flush();
    sessions.endAll();
    batches.forget(this);
  }

  OpenRoute route() {
    return route;
  }

  @Override
  public void ready(EpollSocket self) {
    LoopBatches batches = LoopBatches.of(loop);
    int received = 0;
    for (int turn = 0; turn < TURNS && accepting && !closed; turn++) {
      received = batches.fromClients.receive(socket.socket().intValue(), 0);
      if (received > 0) {
        dispatch(batches, received);
      }
      if (DatagramCalls.isEmptied(received, ReceiveBatch.SLOTS)) {
        return;
      }
    }
    if (received > 0) {
      loop.eventLoop.execute(() -> ready(socket));
    }
  }

  /** Sorts a batch by client, and passes each client's datagrams on together. */
  private void dispatch(LoopBatches batches, int received) {
    nowNanos = System.nanoTime();
    GateState gate = route.gate.state();
    ResolvedBackend backend =
        gate instanceof GateState.Open(var definition) ? route.resolve(definition) : null;
    InetSocketAddress address = backend == null ? null : targets.of(backend);
    boolean mayBegin = !(gate instanceof GateState.Closed);
    int touchedCount = 0;
    UdpSession last = null;
    for (int slot = 0; slot < received; slot++) {
      batches.fromClients.readAddresses(slot, sender);
      UdpSession session = last != null && last.client.equals(sender) ? last : find(mayBegin);
      if (session == null) {
        drop(batches.fromClients, slot);
        continue;
      }
      last = session;
      nextSlot[slot] = -1;
      if (session.firstSlot < 0) {
        session.firstSlot = slot;
        sessions.touch(session, nowNanos); // now: it must not make room for another of the batch
        touched[touchedCount++] = session;
      } else {
        nextSlot[session.lastSlot] = slot;
      }
      session.lastSlot = slot;
    }
    for (int i = 0; i < touchedCount; i++) {
      UdpSession session = touched[i];
      int first = session.firstSlot;
      session.firstSlot = -1;
      pass(batches, session, first, gate, backend, address);
    }
  }

  private @Nullable UdpSession find(boolean mayBegin) {
    UdpSession session = sessions.find(sender);
    return session == null && mayBegin ? sessions.begin(sender, nowNanos) : session;
  }

  private byte[] header(ClientAddress client) {
    if (route.options.sendProxyProtocol() == ProxyProtocol.OFF) {
      return new byte[0];
    }
    InetSocketAddress bound = socket.socket().localAddress();
    return ProxyHeader.of(
        client.toSocketAddress(),
        client.hasLocal() ? new InetSocketAddress(client.localAddress(), bound.getPort()) : bound);
  }

  /** Sends a client's datagrams of a batch on, or holds them. */
  private void pass(
      LoopBatches batches,
      UdpSession session,
      int first,
      GateState gate,
      @Nullable ResolvedBackend backend,
      @Nullable InetSocketAddress address) {
    if (gate instanceof GateState.Closed) {
      for (int slot = first; slot >= 0; slot = nextSlot[slot]) {
        drop(batches.fromClients, slot);
      }
      return;
    }
    // Behind datagrams that are held, others must wait too.
    if (backend == null || address == null || !session.held.isEmpty()) {
      for (int slot = first; slot >= 0; slot = nextSlot[slot]) {
        waiting.hold(
            batches.fromClients, session, slot, gate instanceof GateState.Holding, nowNanos);
      }
      return;
    }
    Upstream upstream = upstream(batches, session, backend, address);
    if (upstream == null) {
      for (int slot = first; slot >= 0; slot = nextSlot[slot]) {
        drop(batches.fromClients, slot);
      }
      return;
    }
    ReceiveBatch in = batches.fromClients;
    int datagrams = 0;
    long bytes = 0;
    batches.putHeader(session.header);
    for (int slot = first; slot >= 0; slot = nextSlot[slot]) {
      int length = in.length(slot);
      int segment = in.segment(slot);
      int from = 0;
      do {
        int part = Math.min(SendBatch.mostBytes(segment), length - from);
        int count = ReceiveBatch.datagrams(part, segment);
        if (batches.toTarget.isFull(count)) {
          upstream.send(batches.toTarget, datagrams, bytes, nowNanos);
          datagrams = 0;
          bytes = 0;
        }
        batches.toTarget.add(
            null,
            in.address(slot) + from,
            part,
            segment,
            batches.headerAddress,
            session.header.length,
            upstream.longestSegment());
        datagrams += count;
        bytes += part;
        from += part;
      } while (from < length);
    }
    upstream.send(batches.toTarget, datagrams, bytes, nowNanos);
  }

  /** The session's socket to the backend; null when none can be opened. */
  private @Nullable Upstream upstream(
      LoopBatches batches, UdpSession session, ResolvedBackend backend, InetSocketAddress address) {
    Upstream upstream = session.upstream;
    if (upstream != null
        && upstream.backend().definition().equals(backend.definition())
        && !(upstream.wasRefused() && nowNanos - upstream.openedNanos > REOPEN_NANOS)) {
      return upstream;
    }
    if (upstream != null) {
      upstream.endSoon(); // its late answers still reach the client
    }
    try {
      // Of the replicas each new session takes the next.
      ResolvedBackend next = route.resolve(backend.definition());
      InetSocketAddress to = Objects.requireNonNullElse(targets.of(next), address);
      route.endTurn(next);
      session.upstream = Upstream.open(this, session, next, to, loop, batches);
    } catch (IOException | ChannelException e) { // ChannelException: no file descriptor is left
      session.upstream = null;
      backend.counters().connectFailures.increment();
      route.warn("cannot open a socket to " + address + ": " + e.getMessage());
    }
    return session.upstream;
  }

  private void drop(ReceiveBatch in, int slot) {
    countDropped(in.datagrams(slot));
  }

  /** Counts datagrams that reach nobody. */
  void countDropped(int datagrams) {
    if (datagrams > 0) {
      route.counters.dropped.add(datagrams);
    }
  }

  private void gateChanged() {
    switch (route.gate.state()) {
      case GateState.Open _ -> releaseLater();
      case GateState.Holding _ -> {}
      case GateState.Closed _ -> waiting.dropAll();
    }
  }

  private void releaseLater() {
    if (!releaseIsDue && waiting.first() != null) {
      releaseIsDue = true;
      loop.eventLoop.execute(() -> {
        releaseIsDue = false;
        release();
      });
    }
  }

  /** Sends held datagrams to the backend that serves, session by session. */
  private void release() {
    LoopBatches batches = LoopBatches.of(loop);
    nowNanos = System.nanoTime();
    for (int i = 0; i < RELEASES_PER_TURN; i++) {
      UdpSession session = waiting.first();
      if (session == null
          || closed
          || !(route.gate.state() instanceof GateState.Open(var definition))) {
        return;
      }
      ResolvedBackend backend = route.resolve(definition);
      InetSocketAddress address = targets.of(backend);
      if (address == null) {
        return;
      }
      release(batches, session, backend, address);
    }
    releaseLater();
  }

  private void release(
      LoopBatches batches, UdpSession session, ResolvedBackend backend, InetSocketAddress address) {
    sessions.touch(session, nowNanos);
    Upstream upstream = upstream(batches, session, backend, address);
    if (upstream == null) {
      waiting.drop(session);
      return;
    }
    waiting.release(session, upstream, batches, nowNanos);
  }

  /** Takes note that a session has got an answer. */
  void touch(UdpSession session) {
    sessions.touch(session, System.nanoTime());
  }

  private void ended(UdpSession session) {
    waiting.drop(session);
    Upstream upstream = session.upstream;
    if (upstream != null) {
      upstream.close();
    }
  }

  /** Sends answers to clients. */
  void sendToClients(SendBatch batch) {
    if (closed) {
      batch.clear();
    } else if (!batch.isEmpty()) {
      batch.send(socket.socket().intValue(), this);
    }
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
    countDropped(datagrams);
  }
}
