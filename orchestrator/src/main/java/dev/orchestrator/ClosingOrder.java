package dev.orchestrator;

import java.util.ArrayDeque;
import java.util.Deque;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What was opened one after the other, and is closed in the reverse order: what was opened later
 * uses what was opened before. A failure to close is logged, and the rest is closed. For one
 * thread.
 */
final class ClosingOrder implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ClosingOrder.class);

  private final Deque<AutoCloseable> opened = new ArrayDeque<>();

  /** Adds what was opened last, and returns it. */
  <T extends AutoCloseable> T add(T part) {
    opened.push(part);
    return part;
  }

  @Override
  public void close() {
    while (!opened.isEmpty()) {
      try {
        opened.pop().close();
      } catch (Exception e) {
        log.warn("a part of the service did not close", e);
      }
    }
  }
}
