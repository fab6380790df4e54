package dev.orchestrator.proxy;

import io.netty.channel.unix.FileDescriptor;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Listening sockets of another process, by the address that they are bound to. They go to the
 * routes that listen there now, whatever their names; what is left over is closed.
 */
final class Inherited implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Inherited.class);

  private final Map<String, Integer> descriptors;

  Inherited(Map<String, Integer> descriptors) {
    this.descriptors = new LinkedHashMap<>(descriptors);
  }

  static Inherited nothing() {
    return new Inherited(Map.of());
  }

  /** The socket of one of a route's ports, or null. */
  @Nullable Listener take(OpenRoute route, int port) {
    Integer descriptor = descriptors.remove(route.listen.address(port));
    return descriptor == null ? null : Listener.adopt(route, port, descriptor);
  }

  @Override
  public void close() {
    for (int descriptor : descriptors.values()) {
      try {
        new FileDescriptor(descriptor).close();
      } catch (IOException e) {
        log.warn("closing a socket that no route listens on any more: {}", e.getMessage());
      }
    }
    descriptors.clear();
  }
}
