package dev.orchestrator.proxy.config;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How a route treats its traffic.
 *
 * @param protocol what it understands of it
 * @param sendProxyProtocol whether the target is told the client's address that way
 * @param acceptProxyProtocol each client's connection must begin with such a header: for a route
 *     behind another proxy, and for no other, as anybody can write one
 * @param idleTimeout a connection on which nothing moves for so long is closed; zero for never
 * @param headTimeout how long a client may take to send a PROXY protocol header, or the head of a
 *     request once it has begun it
 * @param trustForwarded for http: {@code X-Forwarded-*} and {@code Forwarded} of clients are kept
 *     and added to, instead of replaced: for a route behind another proxy
 * @param preview where it also listens, always to lead to the candidate; null for nowhere
 */
public record RouteOptions(
    Protocol protocol,
    ProxyProtocol sendProxyProtocol,
    boolean acceptProxyProtocol,
    Duration idleTimeout,
    Duration headTimeout,
    boolean trustForwarded,
    @Nullable ListenAddress preview) {
  private static final RouteOptions TCP =
      new RouteOptions(
          Protocol.TCP,
          ProxyProtocol.OFF,
          false,
          Duration.ZERO,
          Duration.ofSeconds(30),
          false,
          null);

  /** Plain: no PROXY protocol, no idle time-out, 30 s for a head, no preview. */
  public static RouteOptions of(Protocol protocol) {
    return TCP.withProtocol(protocol);
  }

  public RouteOptions withProtocol(Protocol value) {
    return new RouteOptions(
        value,
        sendProxyProtocol,
        acceptProxyProtocol,
        idleTimeout,
        headTimeout,
        trustForwarded,
        preview);
  }

  public RouteOptions withProxyProtocol(ProxyProtocol sent, boolean accepted) {
    return new RouteOptions(
        protocol, sent, accepted, idleTimeout, headTimeout, trustForwarded, preview);
  }

  /** Zero for none. */
  public RouteOptions withIdleTimeout(Duration value) {
    return withTimeouts(value, headTimeout);
  }

  /** Zero for no idle time-out. */
  public RouteOptions withTimeouts(Duration idle, Duration head) {
    return new RouteOptions(
        protocol, sendProxyProtocol, acceptProxyProtocol, idle, head, trustForwarded, preview);
  }

  public RouteOptions withTrustForwarded(boolean value) {
    return new RouteOptions(
        protocol, sendProxyProtocol, acceptProxyProtocol, idleTimeout, headTimeout, value, preview);
  }

  public RouteOptions withPreview(@Nullable ListenAddress value) {
    return new RouteOptions(
        protocol,
        sendProxyProtocol,
        acceptProxyProtocol,
        idleTimeout,
        headTimeout,
        trustForwarded,
        value);
  }
}
