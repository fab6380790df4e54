package dev.orchestrator.proxy.listen;

import dev.orchestrator.proxy.config.ListenAddress;
import dev.orchestrator.proxy.config.Protocol;
import dev.orchestrator.proxy.config.ProxyException;
import dev.orchestrator.proxy.config.RouteUnavailableException;
import dev.orchestrator.proxy.epoll.EpollSocket;
import dev.orchestrator.proxy.epoll.LoopContext;
import dev.orchestrator.proxy.epoll.TcpKeepAlive;
import dev.orchestrator.proxy.gate.OpenRoute;
import dev.orchestrator.proxy.http.HttpClientConnection;
import dev.orchestrator.proxy.tcp.PendingConnection;
import io.netty.channel.ChannelException;
import io.netty.channel.unix.Errors.NativeIoException;
import io.netty.channel.unix.Socket;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One listening socket of a route. It listens before it accepts: until {@link #accept}, and after
 * {@link #pause}, connections wait in the kernel's queue.
 */
public final class RouteListener implements EpollSocket.Owner {
  private static final int BACKLOG = 4096; // the system may allow less
  private static final int ACCEPTS_PER_TURN = 256;
  private static final long RETRY_MS = 100;
  private static final int SOL_SOCKET = 1;
  private static final int SO_ACCEPTCONN = 30;
  private static final int EACCES = -13;
  private static final int EADDRINUSE = -98;
  private static final int EADDRNOTAVAIL = -99;

  /** Length of an address in the form of Netty's native code. */
  private static final int ADDRESS_BYTES = 26;

  private static final EpollSocket.Owner NO_OWNER = _ -> {};

  private final OpenRoute route;
  private final int port;
  private final LoopContext loop;
  private final EpollSocket socket;
  private final byte[] address = new byte[ADDRESS_BYTES];
  private final boolean keepOpen;
  private boolean accepting;
  private @Nullable ScheduledFuture<?> retry;

  private RouteListener(OpenRoute route, int port, Socket socket, boolean keepOpen) {
    this.route = route;
    this.port = port;
    this.keepOpen = keepOpen;
    this.loop = route.loops.next();
    this.socket = new EpollSocket(socket, this);
  }

  /**
   * Binds one of the route's ports, counted from 0.
   *
   * @throws RouteUnavailableException when that can't be done
   */
  static RouteListener bind(OpenRoute route, int port) {
    ListenAddress listen = route.listen;
    int number = listen.first() + port;
    InetSocketAddress address =
        listen.everyAddress()
            ? new InetSocketAddress(number)
            : new InetSocketAddress(listen.host(), number);
    if (address.isUnresolved()) {
      throw unavailable(route, port, "no such host", null);
    }
    Socket socket = null;
    try {
      socket = Socket.newSocketStream();
      socket.setReuseAddress(true);
      socket.bind(address);
      listen(socket);
      return new RouteListener(route, port, socket, false);
    } catch (IOException | ChannelException e) {
      close(socket, e);
      throw unavailable(route, port, reason(e, number), e);
    }
  }

  private static void listen(Socket socket) throws IOException {
    // Accepted sockets inherit these options.
    socket.setTcpNoDelay(true);
    TcpKeepAlive.setTimes(socket);
    socket.listen(BACKLOG);
  }

  /**
   * Takes a socket over that was bound already.
   *
   * @param keepOpen the socket outlives this listener and is not closed with it
   * @throws RouteUnavailableException when it can't be listened on
   */
  static RouteListener adopt(OpenRoute route, int port, Socket socket, boolean keepOpen) {
    try {
      listen(socket);
      return new RouteListener(route, port, socket, keepOpen);
    } catch (IOException e) {
      throw unavailable(route, port, String.valueOf(e.getMessage()), e);
    }
  }

  /** True when the socket listens: it was neither shut down nor only bound. */
  public static boolean isListening(Socket socket) throws IOException {
    return socket.getIntOpt(SOL_SOCKET, SO_ACCEPTCONN) != 0;
  }

  public int descriptor() {
    return socket.socket().intValue();
  }

  int localPort() {
    return socket.socket().localAddress().getPort();
  }

  OpenRoute route() {
    return route;
  }

  /** The place among the ports of the route, counted from 0. */
  int port() {
    return port;
  }

  /** Begins to accept connections. */
  void accept() {
    loop.execute(() -> {
      accepting = true;
      try {
        socket.register(loop.eventLoop);
      } catch (IOException e) {
        throw new ProxyException("cannot listen on " + route.listen.address(port), e);
      }
    });
  }

  /**
   * Stops to accept until the next {@link #accept}; connections in the kernel's queue stay there.
   */
  void pause() {
    loop.execute(() -> {
      accepting = false;
      socket.deregister();
      if (retry != null) {
        retry.cancel(false);
        retry = null;
      }
    });
  }

  /** Closes the socket, unless it outlives this listener. To be called when it does not accept. */
  void discard() {
    if (!keepOpen) {
      socket.close();
    }
  }

  /** Stops to accept and closes the socket; it lives on where another process has it too. */
  void close() {
    pause();
    loop.execute(this::discard);
  }

  @Override
  public void ready(EpollSocket self) {
    try {
      for (int turn = 0; turn < ACCEPTS_PER_TURN; turn++) {
        int client = accepting ? socket.socket().accept(address) : -1;
        if (client < 0) {
          return;
        }
        route.counters.total.increment();
        LoopContext clientLoop = route.loops.next();
        clientLoop.execute(() -> begin(clientLoop, client));
      }
      loop.eventLoop.execute(() -> ready(socket));
    } catch (IOException e) {
      // No file descriptor or no memory is left, which passes.
      route.warn("cannot accept a connection, will try again: " + e.getMessage());
      retryLater();
    }
  }

  /** One timer, however often it fails: each client that arrives meanwhile is another failure. */
  private void retryLater() {
    if (retry == null) {
      retry =
          loop.schedule(
              () -> {
                retry = null;
                ready(socket);
              },
              RETRY_MS,
              TimeUnit.MILLISECONDS);
    }
  }

  private void begin(LoopContext clientLoop, int descriptor) {
    if (route.options.protocol() == Protocol.HTTP) {
      HttpClientConnection.begin(route, clientLoop, descriptor, port);
      return;
    }
    EpollSocket client = new EpollSocket(new Socket(descriptor), NO_OWNER);
    try {
      client.register(clientLoop.eventLoop);
    } catch (IOException e) {
      route.warn("cannot take a connection: " + e.getMessage());
      client.close();
      return;
    }
    PendingConnection.begin(route, clientLoop, client, port);
  }

  private static void close(@Nullable Socket socket, Exception cause) {
    try {
      if (socket != null) {
        socket.close();
      }
    } catch (IOException e) {
      cause.addSuppressed(e);
    }
  }

  private static RouteUnavailableException unavailable(
      OpenRoute route, int port, String reason, @Nullable Throwable cause) {
    return new RouteUnavailableException(
        route.definition.name(), route.listen.address(port), reason, cause);
  }

  private static String reason(Exception e, int port) {
    int error = e instanceof NativeIoException known ? known.expectedErr() : 0;
    return switch (error) {
      case EADDRINUSE -> "the port is in use by " + PortOwner.of(port);
      case EACCES ->
          "ports below 1024 need root, or CAP_NET_BIND_SERVICE, or a lower"
              + " net.ipv4.ip_unprivileged_port_start";
      case EADDRNOTAVAIL -> "this machine has no such address";
      default -> String.valueOf(e.getMessage());
    };
  }
}
