package dev.orchestrator.proxy.gate;

import dev.orchestrator.proxy.config.ProxyException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;

/** All that keeps targets busy, of all routes. Thread-safe. */
public final class Sessions {
  private static final Duration CUT_TAKES =
      Duration.ofMillis(2 * (Session.SETTLE_MS + Session.GRACE_MS));

  private final Set<Session> open = ConcurrentHashMap.newKeySet();

  private final Set<ClientConnection> clients = ConcurrentHashMap.newKeySet();

  /** The connections of clients to http routes, busy or not. */
  public Set<ClientConnection> clients() {
    return clients;
  }

  void add(Session session) {
    open.add(session);
  }

  void remove(Session session) {
    open.remove(session);
  }

  /** Waits for the end of those that match; those left after the budget are cut. */
  public DrainResult drain(Predicate<Session> which, Duration budget) {
    long end = System.nanoTime() + budget.toNanos();
    Set<Session> seen = new HashSet<>();
    List<Session> left = busy(which, seen);
    // Again, as one may become another: a request becomes a websocket.
    while (!left.isEmpty() && awaitClosed(left, end)) {
      left = busy(which, seen);
    }
    left = left.stream().filter(Session::isOpen).toList();
    cut(left);
    return new DrainResult(seen.size() - left.size(), left.size());
  }

  private List<Session> busy(Predicate<Session> which, Set<Session> seen) {
    List<Session> busy = new ArrayList<>();
    for (Session each : open) {
      if (!which.test(each)) {
        continue;
      }
      if (each.isBusy()) {
        busy.add(each);
      } else {
        each.close();
      }
    }
    seen.addAll(busy);
    return busy;
  }

  private static boolean awaitClosed(List<Session> which, long end) {
    for (Session each : which) {
      if (!each.awaitClosed(Duration.ofNanos(end - System.nanoTime()))) {
        return false;
      }
    }
    return true;
  }

  /** Waits for the connections of clients to http routes. */
  public void awaitClients(Duration budget) {
    long end = System.nanoTime() + budget.toNanos();
    try {
      for (ClientConnection each : clients) {
        if (!each.awaitClosed(end - System.nanoTime())) {
          return;
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ProxyException("interrupted while waiting for clients", e);
    }
  }

  private static void cut(List<Session> left) {
    left.forEach(Session::cut);
    long end = System.nanoTime() + CUT_TAKES.toNanos();
    for (Session each : left) {
      each.awaitParted(Duration.ofNanos(end - System.nanoTime()));
    }
  }

  /** Cuts all, then closes what that has left open. */
  public void close() {
    List<Session> all = List.copyOf(open);
    cut(all);
    all.forEach(Session::close);
    clients.forEach(ClientConnection::close);
  }
}
