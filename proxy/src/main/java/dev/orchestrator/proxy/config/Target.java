package dev.orchestrator.proxy.config;

/** Where a route leads: the address of an inner service. The host is an IP address or a name. */
public record Target(String host, int port) {
  @Override
  public String toString() {
    return host + ":" + port;
  }
}
