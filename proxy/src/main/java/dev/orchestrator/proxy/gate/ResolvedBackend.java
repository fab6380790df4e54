package dev.orchestrator.proxy.gate;

import dev.orchestrator.proxy.config.Backend;
import dev.orchestrator.proxy.config.Target;
import dev.orchestrator.proxy.stats.TargetCounters;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;

/**
 * The targets of one route on a backend, one replica of each, and the route's figures on it.
 *
 * @param definition the backend with all its routes
 * @param addresses one for each port of the route
 */
public record ResolvedBackend(
    Backend definition, List<InetSocketAddress> addresses, TargetCounters counters) {

  /**
   * Resolves the targets of a route.
   *
   * @param replica of each target, counted from 0; a target with fewer begins again at its first
   */
  static ResolvedBackend of(
      Backend backend, List<Target> targets, int replica, TargetCounters counters) {
    return new ResolvedBackend(
        backend,
        targets.stream()
            .map(target -> address(target.host(), target.port() + replica % target.replicas()))
            .toList(),
        counters);
  }

  /** A host name is left unresolved: it is looked up for each connection, as it may move. */
  private static InetSocketAddress address(String host, int port) {
    return NetUtil.isValidIpV4Address(host) || NetUtil.isValidIpV6Address(host)
        ? new InetSocketAddress(InetAddress.ofLiteral(host), port)
        : InetSocketAddress.createUnresolved(host, port);
  }
}
