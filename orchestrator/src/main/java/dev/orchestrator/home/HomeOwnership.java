package dev.orchestrator.home;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The ownership of a home folder, which one process has at a time: the lock, the process id, and
 * with them the right to open the journal. A service gives it up, or gets it, when the routes pass
 * from one process to another.
 */
public interface HomeOwnership {
  /** For a process that owns its home from the beginning and takes over from nobody. */
  HomeOwnership ALONE =
      new HomeOwnership() {
        @Override
        public Optional<Path> askPredecessor() {
          return Optional.empty();
        }

        @Override
        public void take() {}

        @Override
        public void release() {}
      };

  /**
   * Asks the service that runs to hand over; returns the Unix socket on which it passes its
   * listening sockets. Empty when this process was not started to take over.
   *
   * @throws dev.orchestrator.common.RefusedException when no service runs, or it refuses
   */
  Optional<Path> askPredecessor() throws IOException;

  /**
   * Waits, for a bounded time, until the other process has released the home, then owns it.
   *
   * @throws dev.orchestrator.common.RefusedException when the other process still owns it
   */
  void take() throws IOException;

  /** Releases the home for another process. */
  void release() throws IOException;
}
