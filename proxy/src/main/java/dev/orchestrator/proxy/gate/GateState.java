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
 *    ▲                   │ deadline with no side to go back to
 *    │ switchTo          ▼
 *    └──────────────  Closed  ◀─ closeGate, from anywhere
 * </pre>
 */
public sealed interface GateState {
  /** Connections go to this side. */
  record Open(Backend side) implements GateState {}

  /**
   * Connections are accepted and wait unread.
   *
   * @param until when they are released to {@code serving}
   * @param serving the side that served before; null where none did
   */
  record Holding(Instant until, @Nullable Backend serving) implements GateState {}

  /** Nothing serves: connections are accepted and closed. */
  record Closed() implements GateState {}
}
