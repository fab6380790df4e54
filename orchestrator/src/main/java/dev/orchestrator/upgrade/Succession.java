package dev.orchestrator.upgrade;

import dev.orchestrator.Refusal;

/** The processes before and after this one, as {@code serve --takeover} makes them. */
public interface Succession {
  /** Of a process that is alone, and can't be taken over from. */
  Succession NONE =
      new Succession() {
        @Override
        public String offer() {
          throw new Refusal("this service can't be taken over from");
        }

        @Override
        public boolean predecessorLeft() {
          return true;
        }
      };

  /** Waits for another process; returns the path of the Unix socket where. */
  String offer();

  /** False while the process that served before has connections. */
  boolean predecessorLeft();
}
