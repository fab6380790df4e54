package dev.orchestrator.proxy.gate;

import dev.orchestrator.proxy.config.Backend;
import dev.orchestrator.proxy.config.Route;
import dev.orchestrator.proxy.config.Target;
import dev.orchestrator.proxy.stats.TargetCounters;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Objects;

/**
 * The targets of one route on a backend, and the route's figures on it.
 *
 * @param definition the backend with all its routes
 * @param addresses one for each port of the route
 */
public record ResolvedBackend(
    Backend definition, List<InetSocketAddress> addresses, TargetCounters counters) {

  static ResolvedBackend of(Route route, Backend backend, TargetCounters counters) {
    List<Target> targets =
        Objects.requireNonNull(backend.targets().get(route.name()), "no target for the route");
    return new ResolvedBackend(
        backend, targets.stream().map(ResolvedBackend::address).toList(), counters);
  }

  /** A host name is left unresolved: it is looked up for each connection, as it may move. */
  private static InetSocketAddress address(Target target) {
    String host = target.host();
    return NetUtil.isValidIpV4Address(host) || NetUtil.isValidIpV6Address(host)
        ? new InetSocketAddress(InetAddress.ofLiteral(host), target.port())
        : InetSocketAddress.createUnresolved(host, target.port());
  }
}
