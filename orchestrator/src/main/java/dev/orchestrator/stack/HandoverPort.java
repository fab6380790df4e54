package dev.orchestrator.stack;

import dev.orchestrator.common.RefusedException;

/** The processes before and after this one, as {@code serve --takeover} makes them. */
public interface HandoverPort {
  /** Of a process that is alone, and can't be taken over from. */
  HandoverPort NONE =
      new HandoverPort() {
        @Override
        public String offer() {
          throw new RefusedException("this service can't be taken over from");
        }

        @Override
        public boolean hasPredecessorLeft() {
          return true;
        }
      };

  /** Waits for another process; returns the path of the Unix socket where. */
  String offer();

  /** False while the process that served before has connections. */
  boolean hasPredecessorLeft();
}
