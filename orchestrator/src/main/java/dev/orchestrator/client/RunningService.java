package dev.orchestrator.client;

import dev.orchestrator.home.HomeOwnership;
import java.io.IOException;
import java.nio.file.Path;

/** A service that was started and answers. */
public interface RunningService extends AutoCloseable {

  /** {@code host:port} of its API. */
  String address();

  /** Returns when another process serves instead, and this one has nothing left to do. */
  void awaitSuccession() throws InterruptedException;

  /** Stops what this process runs; the stack serves on or not as the service decides. */
  @Override
  void close();

  /** How {@code serve} gets one: the only way from the command line into the service. */
  @FunctionalInterface
  interface Starter {
    /**
     * Starts the service; returns once its API answers, and the home is its own.
     *
     * @throws dev.orchestrator.common.RefusedException when it can't start, in one line
     */
    RunningService start(Path config, Path home, HomeOwnership tenancy) throws IOException;
  }
}
