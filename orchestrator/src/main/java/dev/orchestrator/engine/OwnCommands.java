package dev.orchestrator.engine;

import java.util.LinkedHashSet;
import java.util.Set;

/**
 * The commands that this process runs in containers, by the engine's ids, to tell them from those
 * of others in the engine's events. Thread-safe.
 */
final class OwnCommands {
  /** Events may get lost, and with them the end of a command. */
  private static final int MOST = 1_000;

  private final Set<String> running = new LinkedHashSet<>();

  synchronized void add(String id) {
    running.add(id);
    if (running.size() > MOST) {
      running.remove(running.iterator().next());
    }
  }

  /** Whether the command is one of this process; asked once, at its end. */
  synchronized boolean remove(String id) {
    return running.remove(id);
  }
}
