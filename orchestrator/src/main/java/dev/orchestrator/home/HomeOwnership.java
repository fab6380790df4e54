package dev.orchestrator.home;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A process's hold on its home, of which there is one at a time: lock, process id, and the journal
 * with them. The service gives it up, or gets it, when routes pass from one process to another.
 */
public interface HomeOwnership {
  /** Of a process that has its home already, and nobody before it. */
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
   * Asks the process that serves to give its place up; gives the Unix socket where its listening
   * sockets are to be had. Empty where this process was not started to take over.
   *
   * @throws dev.orchestrator.common.RefusedException when it won't, or there is none
   */
  Optional<Path> askPredecessor() throws IOException;

  /**
   * Waits, for a bounded time, until the home is ours.
   *
   * @throws dev.orchestrator.common.RefusedException when another process has it still
   */
  void take() throws IOException;

  /** Lets another process have it. */
  void release() throws IOException;
}
