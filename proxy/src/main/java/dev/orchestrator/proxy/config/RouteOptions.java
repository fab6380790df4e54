package dev.orchestrator.proxy.config;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How a route treats its traffic.
 *
 * @param protocol that it speaks
 * @param sendProxyProtocol the version of the PROXY protocol header that targets are sent; for udp
 *     {@code V2} at the start of each datagram, or none
 * @param acceptProxyProtocol each client's connection must begin with a PROXY protocol header. Only
 *     for a route behind another proxy, as any client can write such a header
 * @param idleTimeout a connection or udp session on which nothing moves for so long is closed; zero
 *     for never, or for {@link #UDP_IDLE} of a udp session
 * @param headTimeout the time that a client has to send a PROXY protocol header, or to send the
 *     whole head of a request after its first byte
 * @param trustForwarded for http: the fields {@code X-Forwarded-*} and {@code Forwarded} of clients
 *     are kept and extended, not replaced. Only for a route behind another proxy
 * @param preview an address on which the route leads to the candidate of an upgrade; null for none
 */
public record RouteOptions(
    Protocol protocol,
    ProxyProtocol sendProxyProtocol,
    boolean acceptProxyProtocol,
    Duration idleTimeout,
    Duration headTimeout,
    boolean trustForwarded,
    @Nullable ListenAddress preview) {
  /** A udp session that is idle for so long ends, where nothing else is said. */
  public static final Duration UDP_IDLE = Duration.ofSeconds(30);

  private static final RouteOptions TCP =
      new RouteOptions(
          Protocol.TCP,
          ProxyProtocol.OFF,
          false,
          Duration.ZERO,
          Duration.ofSeconds(30),
          false,
          null);

  public RouteOptions {
    if (protocol == Protocol.UDP) {
      if (acceptProxyProtocol || sendProxyProtocol == ProxyProtocol.V1) {
        throw new IllegalArgumentException("udp has the PROXY protocol to targets alone, as V2");
      }
      idleTimeout = idleTimeout.isZero() ? UDP_IDLE : idleTimeout;
    }
  }

  /** No PROXY protocol, no idle time-out (udp: {@link #UDP_IDLE}), 30 s for a head, no preview. */
  public static RouteOptions of(Protocol protocol) {
    RouteOptions options = TCP.withProtocol(protocol);
    return protocol == Protocol.UDP ? options.withIdleTimeout(UDP_IDLE) : options;
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

  /** Zero for no idle time-out. */
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
