package dev.orchestrator.proxy.listen;

import dev.orchestrator.proxy.gate.OpenRoute;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sockets that another process of the orchestrator listens on and has handed over. They belong to
 * this process too, which closes them: those that a route takes with the route, the others at once.
 */
public final class HandedOverSockets implements InheritedSockets {
  private static final Logger log = LoggerFactory.getLogger(HandedOverSockets.class);

  private final Map<String, Integer> byAddress;

  public HandedOverSockets(List<Integer> descriptors) {
    this.byAddress = BoundAddress.index(descriptors);
  }

  @Override
  public boolean isShared() {
    return !byAddress.isEmpty();
  }

  @Override
  public @Nullable RouteListener take(OpenRoute route, int port) {
    Integer descriptor =
        byAddress.remove(
            BoundAddress.of(route.listen, port, route.options.protocol().isDatagram()));
    return descriptor == null
        ? null
        : RouteListener.adopt(route, port, new Socket(descriptor), false);
  }

  /** Does nothing: a socket that is not listened on is closed, and refuses connections so. */
  @Override
  public void refuseClients() {}

  @Override
  public void close() {
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
