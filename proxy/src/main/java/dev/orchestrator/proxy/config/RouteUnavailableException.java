package dev.orchestrator.proxy.config;

import org.jspecify.annotations.Nullable;

/** A route could not be opened; no other route of the same call is left open. */
public final class RouteUnavailableException extends ProxyException {
  private final String route;
  private final String address;
  private final String reason;
  private final boolean inUse;

  public RouteUnavailableException(
      String route, String address, String reason, @Nullable Throwable cause) {
    this(route, address, reason, false, cause);
  }

  /** With whether the reason is that somebody else has the port. */
  public RouteUnavailableException(
      String route, String address, String reason, boolean inUse, @Nullable Throwable cause) {
    super("cannot open route " + route + " on " + address + ": " + reason, cause);
    this.route = route;
    this.address = address;
    this.reason = reason;
    this.inUse = inUse;
  }

  /** Whether the reason is that somebody else has the port. */
  public boolean inUse() {
    return inUse;
  }

  public String route() {
    return route;
  }

  public String address() {
    return address;
  }

  public String reason() {
    return reason;
  }
}
