package dev.orchestrator.proxy.http;

import dev.orchestrator.proxy.epoll.LoopContext;
import dev.orchestrator.proxy.gate.ResolvedBackend;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import org.jspecify.annotations.Nullable;

/**
 * The idle connections of one event loop to targets of http routes; the one used last is taken
 * first. To be used on that loop.
 */
public final class UpstreamPool implements LoopContext.Resource {
  private static final int MOST_IDLE = 256;

  private final Deque<UpstreamConnection> idle = new ArrayDeque<>();

  private UpstreamPool() {}

  /** The pool of a loop; to be called on it. */
  public static UpstreamPool of(LoopContext loop) {
    return loop.resource(UpstreamPool.class, UpstreamPool::new);
  }

  /** Takes a connection to a port of the backend; null when none is idle. */
  @Nullable UpstreamConnection acquire(ResolvedBackend backend, int port) {
    Iterator<UpstreamConnection> each = idle.iterator();
    while (each.hasNext()) {
      UpstreamConnection upstream = each.next();
      if (!upstream.isOpen()) {
        each.remove();
      } else if (upstream.connectsTo(backend, port)) {
        each.remove();
        return upstream;
      }
    }
    return null;
  }

  /**
   * Puts a connection back, or in for the first time.
   *
   * @param replacing the connection was made for a request that may not use an idle one. It then
   *     takes the place of the one that was idle for the longest, as such requests would pile
   *     connections up at the target
   */
  void release(UpstreamConnection upstream, boolean replacing) {
    if (replacing) {
      Iterator<UpstreamConnection> oldestFirst = idle.descendingIterator();
      while (oldestFirst.hasNext()) {
        UpstreamConnection oldest = oldestFirst.next();
        if (oldest.connectsToSameAs(upstream)) {
          oldestFirst.remove();
          oldest.close();
          break;
        }
      }
    }
    idle.push(upstream);
    if (idle.size() > MOST_IDLE) {
      idle.removeLast().close();
    }
  }

  /** Closes the connections to backends that do not serve any more. */
  public void closeStale() {
    idle.removeIf(upstream -> {
      boolean stale = !upstream.isToCurrentBackend();
      if (stale) {
        upstream.close();
      }
      return stale || !upstream.isOpen();
    });
  }

  @Override
  public void close() {
    idle.forEach(UpstreamConnection::close);
    idle.clear();
  }
}
