package dev.orchestrator.proxy.listen;

import io.netty.channel.ChannelException;
import io.netty.channel.unix.Socket;
import java.io.IOException;

/** What a descriptor is that another process has opened. */
public enum SocketKind {
  /** A TCP socket that listens. */
  LISTENING,
  /** A TCP socket that does not listen: it was shut down, or only bound. */
  STREAM,
  /** A UDP socket. */
  DATAGRAM,
  /** Anything else. */
  OTHER;

  private static final int SOL_SOCKET = 1;
  private static final int SO_TYPE = 3;
  private static final int SO_ACCEPTCONN = 30;
  private static final int SO_DOMAIN = 39;
  private static final int SOCK_STREAM = 1;
  private static final int SOCK_DGRAM = 2;
  private static final int AF_INET = 2;
  private static final int AF_INET6 = 10;

  /** The kind of an open descriptor. */
  public static SocketKind of(int descriptor) {
    try {
      Socket socket = new Socket(descriptor);
      int domain = socket.getIntOpt(SOL_SOCKET, SO_DOMAIN);
      if (domain != AF_INET && domain != AF_INET6) {
        return OTHER;
      }
      return switch (socket.getIntOpt(SOL_SOCKET, SO_TYPE)) {
        case SOCK_DGRAM -> DATAGRAM;
        case SOCK_STREAM -> socket.getIntOpt(SOL_SOCKET, SO_ACCEPTCONN) == 0 ? STREAM : LISTENING;
        default -> OTHER;
      };
    } catch (IOException | ChannelException e) {
      return OTHER; // not a socket
    }
  }

  /** True for a socket that a route can listen on. */
  public boolean isForRoutes() {
    return this != OTHER;
  }
}
