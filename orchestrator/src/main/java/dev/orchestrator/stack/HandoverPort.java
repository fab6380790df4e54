package dev.orchestrator.stack;

import dev.orchestrator.common.RefusedException;

/**
 * The hand-over to the process before and the process after this one ({@code serve --takeover}).
 */
public interface HandoverPort {
  /** For a process without predecessor that can't be taken over from. */
  HandoverPort NONE =
      new HandoverPort() {
        @Override
        public String offer() {
          throw new RefusedException("this service can't be taken over from");
        }

        @Override
        public boolean isOffered() {
          return false;
        }

        @Override
        public boolean hasPredecessorLeft() {
          return true;
        }
      };

  /** Offers a hand-over; returns the path of the Unix socket on which the successor is awaited. */
  String offer();

  /** Whether a successor is awaited, or takes over now. */
  boolean isOffered();

  /** False while the process that served before still has connections. */
  boolean hasPredecessorLeft();
}
