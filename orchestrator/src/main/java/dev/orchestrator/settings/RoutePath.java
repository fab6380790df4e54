package dev.orchestrator.settings;

/** Which way the clients of a route take between runs. */
public enum RoutePath {
  /**
   * The kernel's, where that takes nothing from what the host's firewall says; else the proxy's.
   */
  AUTO,
  /** The kernel leads them straight to the service, where the host can do that. */
  KERNEL,
  /** Through this service. */
  PROXY;

  /** Where nothing is said. */
  public static final RoutePath DEFAULT = PROXY;
}
