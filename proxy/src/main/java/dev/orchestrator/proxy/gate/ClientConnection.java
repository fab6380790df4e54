package dev.orchestrator.proxy.gate;

/**
 * A client's connection that outlives its sessions, as of an HTTP client that sends one request
 * after the other. Thread-safe.
 */
public interface ClientConnection {
  /**
   * Waits until the connection has ended. Not to be called on an event loop.
   *
   * @return false when that takes longer
   */
  boolean awaitClosed(long nanos) throws InterruptedException;

  /** Closes the connection at once. */
  void close();
}
