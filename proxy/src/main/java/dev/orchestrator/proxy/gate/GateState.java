package dev.orchestrator.proxy.gate;

import dev.orchestrator.proxy.config.Backend;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What happens to a connection that arrives now.
 *
 * <pre>
 *            hold                    switchTo, release, deadline
 *   Open ───────────▶ Holding ─────────────────────────────────▶ Open
 *    ▲                   │ deadline with no backend to go back to
 *    │ switchTo          ▼
 *    └──────────────  Closed  ◀─ closeGate, from anywhere
 * </pre>
 */
public sealed interface GateState {
  /** Connections go to this backend. */
  record Open(Backend backend) implements GateState {}

  /**
   * Connections are accepted and wait unread.
   *
   * @param until when they are released to {@code previous}
   * @param previous the backend that served before the hold; null where none did
   */
  record Holding(Instant until, @Nullable Backend previous) implements GateState {}

  /** No backend serves: connections are accepted and closed. */
  record Closed() implements GateState {}
}
