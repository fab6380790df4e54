package dev.orchestrator.proxy.http;

import dev.orchestrator.proxy.epoll.LoopContext;
import dev.orchestrator.proxy.gate.ResolvedBackend;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import org.jspecify.annotations.Nullable;

/** The connections to targets that a lane keeps for later requests, the latest used first. */
public final class UpstreamPool implements LoopContext.Resource {
  private static final int MOST = 256;

  private final Deque<UpstreamConnection> idle = new ArrayDeque<>();

  private UpstreamPool() {}

  /** The pool of a loop; to be called on it. */
  public static UpstreamPool of(LoopContext loop) {
    return loop.resource(UpstreamPool.class, UpstreamPool::new);
  }

  /** One that leads there, or null. */
  @Nullable UpstreamConnection take(ResolvedBackend lead, int port) {
    Iterator<UpstreamConnection> each = idle.iterator();
    while (each.hasNext()) {
      UpstreamConnection upstream = each.next();
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
  void put(UpstreamConnection upstream, boolean instead) {
    if (instead) {
      Iterator<UpstreamConnection> oldest = idle.descendingIterator();
      while (oldest.hasNext()) {
        UpstreamConnection each = oldest.next();
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
  public void retire() {
    idle.removeIf(upstream -> {
      boolean old = !upstream.leads();
      if (old) {
        upstream.close();
      }
      return old || !upstream.isOpen();
    });
  }

  @Override
  public void close() {
    idle.forEach(UpstreamConnection::close);
    idle.clear();
  }
}
