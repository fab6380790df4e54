package dev.orchestrator.proxy.config;

/**
 * The address of an inner service, which a route leads to. The host is an IP address or a name.
 *
 * @param replicas at least 1: so many replicas of the service listen, at this port and at those
 *     behind it
 */
public record Target(String host, int port, int replicas) {
  public Target {
    if (replicas < 1) {
      throw new IllegalArgumentException("a target has at least one replica");
    }
  }

  /** A service without further replicas. */
  public Target(String host, int port) {
    this(host, port, 1);
  }

  @Override
  public String toString() {
    return host + ":" + port;
  }
}
