package dev.orchestrator.proxy.listen;

import dev.orchestrator.proxy.Takeover;
import dev.orchestrator.proxy.config.ListenAddress;
import dev.orchestrator.proxy.config.ProxyException;
import dev.orchestrator.proxy.config.RouteUnavailableException;
import dev.orchestrator.proxy.gate.OpenRoute;
import io.netty.channel.ChannelException;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Listening sockets that this process has not made itself. They go to the routes that listen on
 * their addresses now, whatever those are called. Either another process has given them away
 * ({@link Takeover}), or they are the system's: systemd keeps them over our ends and starts, and
 * clients wait in them meanwhile (sd_listen_fds(3)). Not thread-safe.
 */
public final class InheritedSockets implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(InheritedSockets.class);

  /** Of the system's sockets, see sd_listen_fds(3). */
  private static final int FIRST = 3;

  private static final int SOL_SOCKET = 1;
  private static final int SO_TYPE = 3;
  private static final int SO_ACCEPTCONN = 30;
  private static final int SO_DOMAIN = 39;
  private static final int SOCK_STREAM = 1;
  private static final int AF_INET = 2;
  private static final int AF_INET6 = 10;
  private static final int O_NONBLOCK = 0_4000;

  private final boolean ofSystem;

  /** By address; of the system's those too that a route has. */
  private final Map<String, Integer> descriptors = new LinkedHashMap<>();

  /** Addresses of the system's that a route has had, or none will. */
  private final Set<String> known = new HashSet<>();

  public InheritedSockets(List<Integer> descriptors) {
    this(descriptors, false);
  }

  private InheritedSockets(List<Integer> descriptors, boolean ofSystem) {
    this.ofSystem = ofSystem;
    for (int descriptor : descriptors) {
      InetSocketAddress address = new Socket(descriptor).localAddress();
      this.descriptors.put(key(address.getAddress(), address.getPort()), descriptor);
    }
  }

  private static String key(InetAddress address, int port) {
    String host = address.isAnyLocalAddress() ? "" : address.getHostAddress();
    return new ListenAddress(host, port).toString();
  }

  /** None: every route binds its own. */
  public static InheritedSockets nothing() {
    return new InheritedSockets(List.of());
  }

  /**
   * What systemd has for this process; nothing where it was started otherwise.
   *
   * @throws ProxyException when a socket is none that a route could have
   */
  public static InheritedSockets ofSystem(Map<String, String> environment) {
    return ofSystem(environment, FIRST);
  }

  public static InheritedSockets ofSystem(Map<String, String> environment, int first) {
    String ours = Long.toString(ProcessHandle.current().pid());
    String count = environment.getOrDefault("LISTEN_FDS", "");
    if (!ours.equals(environment.get("LISTEN_PID")) || !count.matches("[1-9][0-9]{0,3}")) {
      return nothing();
    }
    List<Integer> all = new ArrayList<>();
    for (int descriptor = first; descriptor < first + Integer.parseInt(count); descriptor++) {
      try {
        check(descriptor);
      } catch (IOException e) {
        throw new ProxyException("descriptor " + descriptor + " of systemd: " + e.getMessage(), e);
      }
      all.add(descriptor);
    }
    return new InheritedSockets(all, true);
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
      return false; // no socket at all
    }
  }

  /** They are systemd's. */
  public boolean ofSystem() {
    return ofSystem;
  }

  /** Another process accepts on them too, until it is told. */
  public boolean shared() {
    return !ofSystem && !descriptors.isEmpty();
  }

  /**
   * The socket of one of a route's ports, or null.
   *
   * @throws RouteUnavailableException when it can't be listened on
   */
  @Nullable RouteListener take(OpenRoute route, int port) {
    String key = key(route.listen, port);
    Integer descriptor = ofSystem ? descriptors.get(key) : descriptors.remove(key);
    if (descriptor == null) {
      return null;
    }
    known.add(key);
    return RouteListener.adopt(route, port, new Socket(descriptor), ofSystem);
  }

  private static String key(ListenAddress listen, int port) {
    String named = listen.address(port);
    if (listen.everyAddress()) {
      return named;
    }
    try {
      return key(InetAddress.getByName(listen.host()), listen.first() + port);
    } catch (UnknownHostException e) {
      return named; // which is told when it is bound
    }
  }

  /**
   * Nothing is served: the system's sockets refuse, as if nobody had them, until a route takes them
   * again. Shut down, a listening socket stops to listen and keeps its address.
   */
  public void refuse() {
    if (ofSystem) {
      descriptors.forEach(InheritedSockets::refuse);
    }
  }

  private static void refuse(String address, int descriptor) {
    Socket socket = new Socket(descriptor);
    try {
      if (listens(socket)) {
        socket.shutdown(true, true);
      }
    } catch (IOException e) {
      log.warn("clients of {} wait: it can't be shut down: {}", address, e.getMessage());
    }
  }

  public static boolean listens(Socket socket) throws IOException {
    return socket.getIntOpt(SOL_SOCKET, SO_ACCEPTCONN) != 0;
  }

  /** Gives up those that no route has taken; of the system's they refuse. */
  @Override
  public void close() {
    descriptors.forEach((address, descriptor) -> {
      if (!ofSystem) {
        close(descriptor);
      } else if (known.add(address)) {
        log.warn("systemd listens on {}, and no route does: it refuses its clients", address);
        refuse(address, descriptor);
      }
    });
    if (!ofSystem) {
      descriptors.clear();
    }
  }

  private static void close(int descriptor) {
    try {
      new Socket(descriptor).close();
    } catch (IOException e) {
      log.warn("closing a socket that no route listens on any more: {}", e.getMessage());
    }
  }
}
