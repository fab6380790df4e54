package dev.orchestrator.proxy.udp;

import dev.orchestrator.proxy.epoll.LoopContext;
import dev.orchestrator.proxy.gate.OpenRoute;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The sessions of one listening socket, by the address of their client: no more than the bound, and
 * none that has been idle for too long. Used on one event loop.
 */
final class UdpSessions {
  /** A session that is younger makes no room for another client. */
  private static final long LEAST_IDLE_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final OpenRoute route;
  private final LoopContext loop;
  private final Function<ClientAddress, byte[]> headers;
  private final Consumer<UdpSession> ended;
  private final long idleNanos;
  private final Map<ClientAddress, UdpSession> byClient = new HashMap<>();
  private final RecentSessions recent = new RecentSessions();
  private @Nullable ScheduledFuture<?> idleTimer;
  private boolean closed;

  /**
   * No sessions.
   *
   * @param headers gives what is sent before each datagram of a client
   * @param ended is told of a session that has been forgotten
   */
  UdpSessions(
      OpenRoute route,
      LoopContext loop,
      Function<ClientAddress, byte[]> headers,
      Consumer<UdpSession> ended) {
    this.route = route;
    this.loop = loop;
    this.headers = headers;
    this.ended = ended;
    this.idleNanos = route.options.idleTimeout().toNanos();
  }

  /** The session of a client; null when it has none. */
  @Nullable UdpSession find(ClientAddress client) {
    return byClient.get(client);
  }

  /** A new session; null when there are too many, all of them busy. */
  @Nullable UdpSession begin(ClientAddress sender, long nowNanos) {
    if (byClient.size() >= route.limits.maxUdpSessions() && !makeRoom(nowNanos)) {
      route.counters.refused.increment();
      route.warn(
          "too many clients: "
              + route.limits.maxUdpSessions()
              + " have sent datagrams within a second");
      return null;
    }
    ClientAddress client = new ClientAddress(sender);
    UdpSession session = new UdpSession(client, headers.apply(client));
    byClient.put(client, session);
    recent.touch(session, nowNanos);
    route.counters.total.increment();
    if (idleTimer == null) {
      watchIdle();
    }
    return session;
  }

  /** Ends the session that is idle for longest, for a new one. */
  private boolean makeRoom(long nowNanos) {
    UdpSession oldest = recent.leastRecent();
    if (oldest == null
        || !oldest.held.isEmpty()
        || nowNanos - oldest.lastActiveNanos < LEAST_IDLE_NANOS) {
      return false;
    }
    end(oldest);
    return true;
  }

  /** Takes note that a session is not idle. */
  void touch(UdpSession session, long nowNanos) {
    if (!session.ended) {
      recent.touch(session, nowNanos);
    }
  }

  private void watchIdle() {
    UdpSession oldest = recent.leastRecent();
    if (oldest == null || closed) {
      idleTimer = null;
      return;
    }
    long rest = oldest.lastActiveNanos + idleNanos - System.nanoTime();
    idleTimer = loop.schedule(this::endIdle, Math.max(1, rest), TimeUnit.NANOSECONDS);
  }

  private void endIdle() {
    long now = System.nanoTime();
    for (UdpSession session = recent.leastRecent();
        session != null && now - session.lastActiveNanos >= idleNanos;
        session = recent.leastRecent()) {
      if (!session.held.isEmpty()) {
        recent.touch(session, now); // it waits for a backend, and is not idle
        continue;
      }
      Upstream upstream = session.upstream;
      if (upstream != null) {
        upstream.backend().counters().timedOut.increment();
      }
      end(session);
    }
    watchIdle();
  }

  private void end(UdpSession session) {
    session.ended = true;
    recent.remove(session);
    byClient.remove(session.client);
    ended.accept(session);
  }

  void endAll() {
    for (UdpSession session = recent.leastRecent();
        session != null;
        session = recent.leastRecent()) {
      end(session);
    }
  }

  /** To be called when no more sessions begin. */
  void close() {
    closed = true;
    if (idleTimer != null) {
      idleTimer.cancel(false);
    }
  }
}
