package dev.orchestrator.proxy.config;

/** The protocol that a route speaks. */
public enum Protocol {
  /** Bytes are relayed in both directions. Connections are held, released and drained. */
  TCP,
  /** HTTP/1.0 and 1.1: requests are held, and a client's connection outlives a switch. */
  HTTP,
  /**
   * Datagrams are relayed in both directions. A session is a client's address: its next datagram
   * goes to the backend that serves then.
   */
  UDP;

  /** True for datagrams, whose ports are apart from those of connections. */
  public boolean isDatagram() {
    return this == UDP;
  }
}
