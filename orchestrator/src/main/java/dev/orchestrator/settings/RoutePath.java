package dev.orchestrator.settings;

/** Which way the clients of a route take between runs. */
public enum RoutePath {
  /**
   * The kernel's, where the host can do that and has no firewall that may mean it otherwise; else
   * the proxy's.
   */
  AUTO,
  /** The kernel leads them straight to the service, where the host can do that. */
  KERNEL,
  /** Through this service. */
  PROXY
}
