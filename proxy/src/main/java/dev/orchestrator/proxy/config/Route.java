package dev.orchestrator.proxy.config;

/**
 * A public port of the stack, or a range of ports.
 *
 * @param name unique among the routes of a stack
 * @param listen the address that it listens on; its n-th port leads to the n-th target
 */
public record Route(String name, ListenAddress listen, RouteOptions options) {
  public Route {
    ListenAddress preview = options.preview();
    if (preview != null && preview.ports() != listen.ports()) {
      throw new IllegalArgumentException(
          "route " + name + ": the preview must have as many ports as the route");
    }
  }

  /** A tcp route with one port; 0 for a free port. */
  public Route(String name, String host, int port) {
    this(name, new ListenAddress(host, port), RouteOptions.of(Protocol.TCP));
  }
}
