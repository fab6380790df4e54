package dev.orchestrator.proxy.listen;

import dev.orchestrator.proxy.config.ProxyException;
import dev.orchestrator.proxy.config.Route;
import dev.orchestrator.proxy.gate.OpenRoute;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sockets that another proxy listens on and has handed over, in most cases that of another process
 * of the orchestrator. They belong to this process too, which closes them: those that a route takes
 * with the route, the others with this object.
 */
public final class HandedOverSockets implements InheritedSockets {
  private static final Logger log = LoggerFactory.getLogger(HandedOverSockets.class);

  private final Map<String, Integer> byAddress;

  public HandedOverSockets(List<Integer> descriptors) {
    this.byAddress = BoundAddress.index(descriptors);
  }

  /** Duplicates of the sockets of other proxies in this process, one of each address. */
  public static InheritedSockets duplicate(List<Integer> descriptors) {
    List<Integer> duplicates = new ArrayList<>();
    try {
      for (int descriptor : BoundAddress.index(descriptors).values()) {
        duplicates.add(DescriptorCalls.duplicate(descriptor));
      }
    } catch (IOException e) {
      new HandedOverSockets(duplicates).close();
      throw new ProxyException("the listening sockets can't be shared: " + e.getMessage(), e);
    }
    return new HandedOverSockets(duplicates);
  }

  @Override
  public synchronized boolean isShared() {
    return !byAddress.isEmpty();
  }

  @Override
  public synchronized @Nullable RouteListener take(OpenRoute route, int port) {
    Integer descriptor =
        byAddress.remove(
            BoundAddress.of(route.listen, port, route.options.protocol().isDatagram()));
    return descriptor == null
        ? null
        : RouteListener.adopt(route, port, new Socket(descriptor), false);
  }

  /** Does nothing: a socket that is not listened on is closed, and refuses connections so. */
  @Override
  public void refuseClients(Collection<Route> routes) {}

  @Override
  public synchronized void close() {
    byAddress.forEach((address, descriptor) -> {
      try {
        new Socket(descriptor).close();
      } catch (IOException e) {
        log.warn("closing the socket on {}, which no route uses: {}", address, e.getMessage());
      }
    });
    byAddress.clear();
  }
}
