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

/** Where a route leads while a side serves, and the figures of that. */
public record ResolvedBackend(
    Backend side, List<InetSocketAddress> addresses, TargetCounters counters) {

  static ResolvedBackend of(Route route, Backend side, TargetCounters counters) {
    List<Target> targets =
        Objects.requireNonNull(side.targets().get(route.name()), "no target for the route");
    return new ResolvedBackend(
        side, targets.stream().map(ResolvedBackend::address).toList(), counters);
  }

  /** Unresolved when the target is named: a name may mean another address at each connection. */
  private static InetSocketAddress address(Target target) {
    String host = target.host();
    return NetUtil.isValidIpV4Address(host) || NetUtil.isValidIpV6Address(host)
        ? new InetSocketAddress(InetAddress.ofLiteral(host), target.port())
        : InetSocketAddress.createUnresolved(host, target.port());
  }
}
