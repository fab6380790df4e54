package dev.orchestrator.proxy.config;

/**
 * A public port of the stack, or a range of them.
 *
 * @param name unique among the routes of a stack
 * @param listen where it listens; the k-th port leads to the k-th target
 */
public record Route(String name, ListenAddress listen, RouteOptions options) {
  public Route {
    ListenAddress preview = options.preview();
    if (preview != null && preview.ports() != listen.ports()) {
      throw new IllegalArgumentException(
          "route " + name + ": the preview must have as many ports as the route");
    }
  }

  /** A tcp route with one port; 0 for a free one. */
  public Route(String name, String host, int port) {
    this(name, new ListenAddress(host, port), RouteOptions.of(Protocol.TCP));
  }
}
