package dev.orchestrator.proxy.udp;

import dev.orchestrator.proxy.epoll.LoopContext;
import dev.orchestrator.proxy.gate.OpenRoute;
import dev.orchestrator.proxy.gate.ResolvedBackend;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The address of a port's target on the backend that serves, where the target is given by name.
 * Used on one event loop.
 */
final class TargetLookup {
  /** How long a looked up address is used. */
  private static final long RESOLVED_NANOS = TimeUnit.SECONDS.toNanos(10);

  private final OpenRoute route;
  private final int port;
  private final LoopContext loop;
  private final Runnable found;
  private final Runnable failed;
  private @Nullable ResolvedBackend resolved;
  private @Nullable InetSocketAddress target;
  private long resolvedNanos;
  private boolean resolving;

  /**
   * Nothing looked up yet.
   *
   * @param port the place among the ports of the route, counted from 0
   * @param found is run on the loop when an address is known
   * @param failed is run on the loop when a name cannot be looked up
   */
  TargetLookup(OpenRoute route, int port, LoopContext loop, Runnable found, Runnable failed) {
    this.route = route;
    this.port = port;
    this.loop = loop;
    this.found = found;
    this.failed = failed;
  }

  /**
   * The address of the target on a backend; null until its name is looked up, and after that has
   * failed.
   */
  @Nullable InetSocketAddress of(ResolvedBackend backend) {
    InetSocketAddress address = backend.addresses().get(port);
    if (!address.isUnresolved()) {
      return address;
    }
    boolean known = resolved != null && resolved.definition().equals(backend.definition());
    if (!known) {
      target = null;
    }
    if (!resolving && (!known || System.nanoTime() - resolvedNanos > RESOLVED_NANOS)) {
      lookUp(backend, address);
    }
    // Replicas have ports of their own on one host.
    return target == null || target.getPort() == address.getPort()
        ? target
        : new InetSocketAddress(target.getAddress(), address.getPort());
  }

  private void lookUp(ResolvedBackend backend, InetSocketAddress address) {
    resolving = true;
    resolved = backend;
    Future<InetSocketAddress> lookUp = route.resolver.resolve(loop.eventLoop, address);
    lookUp.addListener(_ -> {
      resolving = false;
      resolvedNanos = System.nanoTime();
      if (lookUp.isSuccess()) {
        target = lookUp.getNow();
        found.run();
      } else {
        resolved = null;
        target = null;
        backend.counters().connectFailures.increment();
        route.warn("cannot look up " + address.getHostString());
        failed.run();
      }
    });
  }
}
