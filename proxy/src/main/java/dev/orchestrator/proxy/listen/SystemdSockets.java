package dev.orchestrator.proxy.listen;

import dev.orchestrator.proxy.config.ProxyException;
import dev.orchestrator.proxy.gate.OpenRoute;
import io.netty.channel.ChannelException;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sockets that systemd opens and keeps open while this service ends and starts; clients wait in
 * their queues meanwhile. This process never closes them. Where no route listens, they are shut
 * down instead: a listening socket that was shut down refuses connections and keeps its address.
 */
public final class SystemdSockets implements InheritedSockets {
  /** The number of the first descriptor, see sd_listen_fds(3). */
  static final int FIRST_DESCRIPTOR = 3;

  private static final Logger log = LoggerFactory.getLogger(SystemdSockets.class);
  private static final int SOL_SOCKET = 1;
  private static final int SO_TYPE = 3;
  private static final int SO_DOMAIN = 39;
  private static final int SOCK_STREAM = 1;
  private static final int AF_INET = 2;
  private static final int AF_INET6 = 10;
  private static final int O_NONBLOCK = 0_4000;

  private final Map<String, Integer> byAddress;

  /** Addresses that a route has taken, or that were found to have no route. */
  private final Set<String> settled = new HashSet<>();

  private SystemdSockets(List<Integer> descriptors) {
    this.byAddress = BoundAddress.index(descriptors);
  }

  /** See {@link InheritedSockets#fromEnvironment}. */
  public static InheritedSockets fromEnvironment(
      Map<String, String> environment, int firstDescriptor) {
    String pid = Long.toString(ProcessHandle.current().pid());
    String count = environment.getOrDefault("LISTEN_FDS", "");
    if (!pid.equals(environment.get("LISTEN_PID")) || !count.matches("[1-9][0-9]{0,3}")) {
      return InheritedSockets.none();
    }
    List<Integer> descriptors = new ArrayList<>();
    int end = firstDescriptor + Integer.parseInt(count);
    for (int descriptor = firstDescriptor; descriptor < end; descriptor++) {
      try {
        check(descriptor);
      } catch (IOException e) {
        throw new ProxyException("descriptor " + descriptor + " of systemd: " + e.getMessage(), e);
      }
      descriptors.add(descriptor);
    }
    return new SystemdSockets(descriptors);
  }

  private static void check(int descriptor) throws IOException {
    if (!isTcp(descriptor)) {
      throw new IOException("is no TCP socket; ListenStream=ADDRESS:PORT makes one");
    }
    for (String line : Files.readAllLines(Path.of("/proc/self/fdinfo/" + descriptor))) {
      if (line.startsWith("flags:")
          && (Integer.parseInt(line.substring(6).strip(), 8) & O_NONBLOCK) == 0) {
        throw new IOException("would block; write NonBlocking=yes in the service's unit");
      }
    }
  }

  private static boolean isTcp(int descriptor) {
    try {
      Socket socket = new Socket(descriptor);
      int domain = socket.getIntOpt(SOL_SOCKET, SO_DOMAIN);
      return (domain == AF_INET || domain == AF_INET6)
          && socket.getIntOpt(SOL_SOCKET, SO_TYPE) == SOCK_STREAM;
    } catch (IOException | ChannelException e) {
      return false; // the descriptor is not a socket
    }
  }

  @Override
  public boolean isShared() {
    return false;
  }

  @Override
  public @Nullable RouteListener take(OpenRoute route, int port) {
    String address = BoundAddress.of(route.listen, port);
    Integer descriptor = byAddress.get(address);
    if (descriptor == null) {
      return null;
    }
    settled.add(address);
    return RouteListener.adopt(route, port, new Socket(descriptor), true);
  }

  @Override
  public void refuseClients() {
    byAddress.forEach(SystemdSockets::shutDown);
  }

  private static void shutDown(String address, int descriptor) {
    Socket socket = new Socket(descriptor);
    try {
      if (RouteListener.isListening(socket)) {
        socket.shutdown(true, true);
      }
    } catch (IOException e) {
      log.warn("clients of {} wait, as the socket can't be shut down: {}", address, e.getMessage());
    }
  }

  @Override
  public void close() {
    byAddress.forEach((address, descriptor) -> {
      if (settled.add(address)) {
        log.warn("systemd listens on {}, and no route does: connections are refused", address);
        shutDown(address, descriptor);
      }
    });
  }
}
