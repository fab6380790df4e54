package dev.orchestrator.proxy.config;

/** The address of an inner service, which a route leads to. The host is an IP address or a name. */
public record Target(String host, int port) {
  @Override
  public String toString() {
    return host + ":" + port;
  }
}
