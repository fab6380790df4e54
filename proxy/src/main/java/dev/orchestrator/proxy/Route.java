package dev.orchestrator.proxy;

/**
 * A public port of the stack.
 *
 * @param name unique among the routes of a stack
 * @param host the local address to listen on; empty or {@code 0.0.0.0} for all, IPv6 included
 * @param port 1 to 65535, or 0 for a free one that the system picks
 */
public record Route(String name, String host, int port) {
  public Route {
    if (port < 0 || port > 65535) {
      throw new IllegalArgumentException("route " + name + ": no such port: " + port);
    }
  }

  boolean everyAddress() {
    return host.isEmpty() || host.equals("0.0.0.0") || host.equals("::");
  }

  boolean overlaps(Route other) {
    return port != 0
        && port == other.port
        && (everyAddress() || other.everyAddress() || host.equals(other.host));
  }

  String address() {
    return (everyAddress() ? "*" : host) + ":" + port;
  }
}
