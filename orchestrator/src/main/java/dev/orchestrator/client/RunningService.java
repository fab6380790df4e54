package dev.orchestrator.client;

import dev.orchestrator.home.HomeOwnership;
import java.io.IOException;
import java.nio.file.Path;

/** A service of this process that was started and answers. */
public interface RunningService extends AutoCloseable {

  /** Address of the API, {@code host:port}. */
  String address();

  /** Waits until another process has taken over and the last connections here have ended. */
  void awaitHandover() throws InterruptedException;

  /** Reads the settings anew; what it has changed, or why it could not, is in the log. */
  void reload();

  /** Stops routes, API and schedule; the containers run on. */
  @Override
  void close();

  /** Starts the service for {@code serve}: the only way from the command line into it. */
  @FunctionalInterface
  interface Starter {
    /**
     * Starts the service; returns when its API answers and this process owns the home.
     *
     * @throws dev.orchestrator.common.RefusedException when the service can't start, in one line
     */
    RunningService start(Path config, Path home, HomeOwnership ownership) throws IOException;
  }
}
