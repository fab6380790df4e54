package dev.orchestrator.proxy;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;

/** All that keeps targets busy, of all routes. Thread-safe. */
final class Sessions {
  private static final Duration CUT_TAKES = Duration.ofMillis(2 * (Link.SETTLE_MS + Link.GRACE_MS));

  private final Set<Session> open = ConcurrentHashMap.newKeySet();

  void add(Session session) {
    open.add(session);
  }

  void remove(Session session) {
    open.remove(session);
  }

  /** Waits for the end of those that match; those left after the budget are cut. */
  Drained drain(Predicate<Session> which, Duration budget) {
    List<Session> matching = open.stream().filter(which).toList();
    matching.stream().filter(each -> !each.isBusy()).forEach(Session::close);
    List<Session> busy = matching.stream().filter(Session::isBusy).toList();
    long end = System.nanoTime() + budget.toNanos();
    for (Session each : busy) {
      if (!each.awaitClosed(Duration.ofNanos(end - System.nanoTime()))) {
        break; // the budget is used up
      }
    }
    List<Session> left = busy.stream().filter(Session::isOpen).toList();
    cut(left);
    return new Drained(busy.size() - left.size(), left.size());
  }

  private static void cut(List<Session> left) {
    left.forEach(Session::cut);
    long end = System.nanoTime() + CUT_TAKES.toNanos();
    for (Session each : left) {
      each.awaitParted(Duration.ofNanos(end - System.nanoTime()));
    }
  }

  /** Cuts all, then closes what that has left open. */
  void close() {
    List<Session> all = List.copyOf(open);
    cut(all);
    all.forEach(Session::close);
  }
}
