package dev.orchestrator.proxy.listen;

import dev.orchestrator.proxy.config.ListenAddress;
import dev.orchestrator.proxy.config.ProxyException;
import dev.orchestrator.proxy.config.Route;
import dev.orchestrator.proxy.gate.OpenRoute;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
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
  private static final int O_NONBLOCK = 0_4000;

  /** A port on which nothing is meant to answer, see RFC 863. */
  private static final int DISCARD = 9;

  private static final int MOST_QUEUED = 100_000;

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
    SocketKind kind = SocketKind.of(descriptor);
    if (!kind.isForRoutes()) {
      throw new IOException(
          "is no TCP or UDP socket; ListenStream=ADDRESS:PORT or ListenDatagram=ADDRESS:PORT makes"
              + " one");
    }
    for (String line : Files.readAllLines(Path.of("/proc/self/fdinfo/" + descriptor))) {
      if (line.startsWith("flags:")
          && (Integer.parseInt(line.substring(6).strip(), 8) & O_NONBLOCK) == 0) {
        throw new IOException("would block; write NonBlocking=yes in the service's unit");
      }
    }
    if (kind == SocketKind.DATAGRAM) {
      new Socket(descriptor).disconnect(); // see shutDown
    }
  }

  @Override
  public boolean isShared() {
    return false;
  }

  @Override
  public synchronized @Nullable RouteListener take(OpenRoute route, int port) {
    String address = BoundAddress.of(route.listen, port, route.options.protocol().isDatagram());
    Integer descriptor = byAddress.get(address);
    if (descriptor == null) {
      return null;
    }
    settled.add(address);
    reopen(address, descriptor);
    return RouteListener.adopt(route, port, new Socket(descriptor), true);
  }

  @Override
  public synchronized void refuseClients(Collection<Route> routes) {
    for (Route route : routes) {
      boolean datagrams = route.options().protocol().isDatagram();
      refuseClients(route.listen(), datagrams);
      ListenAddress preview = route.options().preview();
      if (preview != null) {
        refuseClients(preview, datagrams);
      }
    }
  }

  private void refuseClients(ListenAddress listen, boolean datagrams) {
    for (int port = 0; port < listen.ports(); port++) {
      String address = BoundAddress.of(listen, port, datagrams);
      Integer descriptor = byAddress.get(address);
      if (descriptor != null) {
        settled.add(address);
        shutDown(address, descriptor);
      }
    }
  }

  /**
   * Makes a socket refuse clients and keep its address. A UDP socket can't be shut down: connected
   * to an address where nobody is, it gets nothing from others, and the network tells them that
   * nobody listens.
   */
  private static void shutDown(String address, int descriptor) {
    Socket socket = new Socket(descriptor);
    try {
      switch (SocketKind.of(descriptor)) {
        case LISTENING -> socket.shutdown(true, true);
        case DATAGRAM -> {
          boolean _ =
              socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), DISCARD));
          discardQueue(socket);
        }
        case STREAM, OTHER -> {}
      }
    } catch (IOException e) {
      log.warn("clients of {} wait, as the socket can't be shut down: {}", address, e.getMessage());
    }
  }

  /** Throws away what came before: clients do not wait for an answer for so long. */
  private static void discardQueue(Socket socket) throws IOException {
    ByteBuffer ignored = ByteBuffer.allocateDirect(1);
    for (int i = 0; i < MOST_QUEUED && socket.recvFrom(ignored, 0, 1) != null; i++) {
      ignored.clear();
    }
  }

  private static void reopen(String address, int descriptor) {
    if (SocketKind.of(descriptor) == SocketKind.DATAGRAM) {
      try {
        new Socket(descriptor).disconnect();
      } catch (IOException e) {
        log.warn("{} gets no datagrams: {}", address, e.getMessage());
      }
    }
  }

  @Override
  public synchronized void close() {
    byAddress.forEach((address, descriptor) -> {
      if (settled.add(address)) {
        log.warn("systemd listens on {}, and no route does: clients are refused", address);
        shutDown(address, descriptor);
      }
    });
  }
}
