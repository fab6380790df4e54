package dev.orchestrator.proxy.gate;

import dev.orchestrator.proxy.config.ProxyException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;

/** The open sessions of all routes, and their drain. Thread-safe. */
public final class Sessions {
  private static final Duration CUT_TAKES =
      Duration.ofMillis(2 * (Session.SETTLE_MS + Session.GRACE_MS));

  private final Set<Session> open = ConcurrentHashMap.newKeySet();
  private final Set<ClientConnection> clients = ConcurrentHashMap.newKeySet();

  /** Client connections that outlive their sessions; they add and remove themselves. */
  public Set<ClientConnection> clients() {
    return clients;
  }

  void add(Session session) {
    open.add(session);
  }

  void remove(Session session) {
    open.remove(session);
  }

  /**
   * Waits until the sessions of the filter have ended; cuts those left when the budget is spent.
   */
  public DrainResult drain(Predicate<Session> filter, Duration budget) {
    long end = System.nanoTime() + budget.toNanos();
    Set<Session> seen = new HashSet<>();
    List<Session> left = closeIdle(filter, seen);
    // Looks again, as a session may become another: a request becomes a websocket.
    while (!left.isEmpty() && awaitClosed(left, end)) {
      left = closeIdle(filter, seen);
    }
    left = left.stream().filter(Session::isOpen).toList();
    cut(left);
    return new DrainResult(seen.size() - left.size(), left.size());
  }

  /** Closes the idle sessions of the filter, and gives the busy ones. */
  private List<Session> closeIdle(Predicate<Session> filter, Set<Session> seen) {
    List<Session> busy = new ArrayList<>();
    for (Session session : open) {
      if (!filter.test(session)) {
        continue;
      }
      if (session.isBusy()) {
        busy.add(session);
        session.endSoon();
      } else {
        session.close();
      }
    }
    seen.addAll(busy);
    return busy;
  }

  private static boolean awaitClosed(List<Session> sessions, long end) {
    for (Session session : sessions) {
      if (!session.awaitClosed(Duration.ofNanos(end - System.nanoTime()))) {
        return false;
      }
    }
    return true;
  }

  /** Waits until the client connections have ended, or the budget is spent. */
  public void awaitClients(Duration budget) {
    long end = System.nanoTime() + budget.toNanos();
    try {
      for (ClientConnection client : clients) {
        if (!client.awaitClosed(end - System.nanoTime())) {
          return;
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ProxyException("interrupted while waiting for clients", e);
    }
  }

  private static void cut(List<Session> sessions) {
    sessions.forEach(Session::cut);
    long end = System.nanoTime() + CUT_TAKES.toNanos();
    for (Session session : sessions) {
      session.awaitEndPassed(Duration.ofNanos(end - System.nanoTime()));
    }
  }

  /** Cuts all sessions, then closes everything that is still open. */
  public void close() {
    List<Session> all = List.copyOf(open);
    cut(all);
    all.forEach(Session::close);
    clients.forEach(ClientConnection::close);
  }
}
