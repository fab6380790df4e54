package dev.orchestrator.proxy.listen;

import dev.orchestrator.proxy.config.ListenAddress;
import dev.orchestrator.proxy.config.RouteUnavailableException;
import dev.orchestrator.proxy.epoll.LoopContext;
import dev.orchestrator.proxy.gate.OpenRoute;
import io.netty.channel.ChannelException;
import io.netty.channel.unix.Errors.NativeIoException;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * One listening socket of a route, for connections or for datagrams. It listens before it accepts:
 * until {@link #accept}, and after {@link #pause}, clients wait in the kernel's queue.
 */
public abstract sealed class RouteListener permits StreamListener, DatagramListener {
  private static final int EACCES = -13;
  private static final int EADDRINUSE = -98;
  private static final int EADDRNOTAVAIL = -99;

  final OpenRoute route;
  final LoopContext loop;
  final boolean keepOpen;
  private final int port;
  private final Socket socket;

  RouteListener(OpenRoute route, int port, Socket socket, boolean keepOpen) {
    this.route = route;
    this.port = port;
    this.socket = socket;
    this.keepOpen = keepOpen;
    this.loop = route.loops.next();
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
    boolean datagrams = route.options.protocol().isDatagram();
    Socket socket = null;
    try {
      if (datagrams) {
        // Without SO_REUSEADDR, which would let two processes have the same port.
        socket = Socket.newSocketDgram();
      } else {
        socket = Socket.newSocketStream();
        socket.setReuseAddress(true);
      }
      socket.bind(address);
      return listen(route, port, socket, false);
    } catch (IOException | ChannelException e) {
      close(socket, e);
      throw new RouteUnavailableException(
          route.definition.name(),
          route.listen.address(port),
          reason(e, number, datagrams),
          error(e) == EADDRINUSE,
          e);
    }
  }

  /**
   * Takes a socket over that was bound already.
   *
   * @param keepOpen the socket outlives this listener and is not closed with it
   * @throws RouteUnavailableException when it can't be listened on
   */
  static RouteListener adopt(OpenRoute route, int port, Socket socket, boolean keepOpen) {
    try {
      return listen(route, port, socket, keepOpen);
    } catch (IOException e) {
      throw unavailable(route, port, String.valueOf(e.getMessage()), e);
    }
  }

  private static RouteListener listen(OpenRoute route, int port, Socket socket, boolean keepOpen)
      throws IOException {
    if (route.options.protocol().isDatagram()) {
      return new DatagramListener(route, port, socket, keepOpen);
    }
    StreamListener.listen(socket);
    return new StreamListener(route, port, socket, keepOpen);
  }

  /** Closes the socket itself, which must not be on its event loop. */
  final void closeSocket() {
    try {
      socket.close();
    } catch (IOException e) {
      route.warn("closing " + route.listen.address(port) + ": " + e.getMessage());
    }
  }

  public int descriptor() {
    return socket.intValue();
  }

  int localPort() {
    return socket.localAddress().getPort();
  }

  OpenRoute route() {
    return route;
  }

  /** The place among the ports of the route, counted from 0. */
  int port() {
    return port;
  }

  /** Begins to accept clients. */
  abstract void accept();

  /** Stops to accept until the next {@link #accept}; clients in the kernel's queue stay there. */
  abstract void pause();

  /** Accepts the clients that are in the kernel's queue now; a datagram has no such queue. */
  void takeQueued() {}

  /** Closes the socket, unless it outlives this listener. To be called when it does not accept. */
  abstract void discard();

  /** Stops to accept and closes the socket; it lives on where another process has it too. */
  abstract void close();

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

  private static int error(Exception e) {
    return e instanceof NativeIoException known ? known.expectedErr() : 0;
  }

  private static String reason(Exception e, int port, boolean datagrams) {
    return switch (error(e)) {
      case EADDRINUSE -> "the port is in use by " + PortOwner.of(port, datagrams);
      case EACCES ->
          "ports below 1024 need root, or CAP_NET_BIND_SERVICE, or a lower"
              + " net.ipv4.ip_unprivileged_port_start";
      case EADDRNOTAVAIL -> "this machine has no such address";
      default -> String.valueOf(e.getMessage());
    };
  }
}
