package dev.orchestrator.proxy;

import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Listening sockets that another process has given us ({@link Takeover}). They go to the routes
 * that listen on their addresses now, whatever those are called; what is left over is closed.
 */
public final class Inherited implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Inherited.class);

  private final Map<String, Socket> sockets = new LinkedHashMap<>();

  Inherited(List<Integer> descriptors) {
    for (int descriptor : descriptors) {
      Socket socket = new Socket(descriptor);
      InetSocketAddress address = socket.localAddress();
      String host =
          address.getAddress().isAnyLocalAddress() ? "" : address.getAddress().getHostAddress();
      sockets.put(new Listen(host, address.getPort()).toString(), socket);
    }
  }

  /** None: every route binds its own. */
  public static Inherited nothing() {
    return new Inherited(List.of());
  }

  boolean isEmpty() {
    return sockets.isEmpty();
  }

  /** The socket of one of a route's ports, or null. */
  @Nullable Listener take(OpenRoute route, int port) {
    Socket socket = sockets.remove(route.listen.address(port));
    return socket == null ? null : Listener.adopt(route, port, socket);
  }

  /** Gives up those that no route has taken. */
  @Override
  public void close() {
    for (Socket socket : sockets.values()) {
      try {
        socket.close();
      } catch (IOException e) {
        log.warn("closing a socket that no route listens on any more: {}", e.getMessage());
      }
    }
    sockets.clear();
  }
}
