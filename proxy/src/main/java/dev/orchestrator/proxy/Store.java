package dev.orchestrator.proxy;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import org.jspecify.annotations.Nullable;

/** The connections to targets that a lane keeps for later requests, the latest used first. */
final class Store {
  private static final int MOST = 256;

  private final Deque<Upstream> idle = new ArrayDeque<>();

  /** One that leads there, or null. */
  @Nullable Upstream take(Lead lead, int port) {
    Iterator<Upstream> each = idle.iterator();
    while (each.hasNext()) {
      Upstream upstream = each.next();
      if (!upstream.isOpen()) {
        each.remove();
      } else if (upstream.leadsTo(lead, port)) {
        each.remove();
        return upstream;
      }
    }
    return null;
  }

  /**
   * @param instead whether it was made for a request that may not use a kept one: then it takes the
   *     place of the one that was kept the longest, as such requests would pile them up
   */
  void put(Upstream upstream, boolean instead) {
    if (instead) {
      Iterator<Upstream> oldest = idle.descendingIterator();
      while (oldest.hasNext()) {
        Upstream each = oldest.next();
        if (each.sameAs(upstream)) {
          oldest.remove();
          each.close();
          break;
        }
      }
    }
    idle.push(upstream);
    if (idle.size() > MOST) {
      idle.removeLast().close();
    }
  }

  /** Closes those whose side gets nothing new any more. */
  void retire() {
    idle.removeIf(upstream -> {
      boolean old = !upstream.leads();
      if (old) {
        upstream.close();
      }
      return old || !upstream.isOpen();
    });
  }

  void close() {
    idle.forEach(Upstream::close);
    idle.clear();
  }
}
