package dev.orchestrator.proxy.config;

import org.jspecify.annotations.Nullable;

/** A route could not be opened; no other route of the same call is left open. */
public final class RouteUnavailableException extends ProxyException {
  private final String route;
  private final String address;
  private final String reason;

  public RouteUnavailableException(
      String route, String address, String reason, @Nullable Throwable cause) {
    super("cannot open route " + route + " on " + address + ": " + reason, cause);
    this.route = route;
    this.address = address;
    this.reason = reason;
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
