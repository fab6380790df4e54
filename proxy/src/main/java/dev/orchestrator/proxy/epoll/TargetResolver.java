package dev.orchestrator.proxy.epoll;

import io.netty.resolver.AddressResolverGroup;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;

/** Looks up the addresses of targets that are given by host name. Never blocks. Thread-safe. */
public record TargetResolver(AddressResolverGroup<InetSocketAddress> resolvers) {
  public Future<InetSocketAddress> resolve(EventExecutor loop, InetSocketAddress unresolved) {
    return resolvers.getResolver(loop).resolve(unresolved);
  }
}
