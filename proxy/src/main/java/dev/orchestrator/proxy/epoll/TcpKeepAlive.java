package dev.orchestrator.proxy.epoll;

import io.netty.channel.unix.Socket;
import java.io.IOException;

/** Detects peers that vanished without closing: after two minutes, not Linux's two hours. */
public final class TcpKeepAlive {
  private static final int IPPROTO_TCP = 6;
  private static final int TCP_KEEPIDLE = 4;
  private static final int TCP_KEEPINTVL = 5;
  private static final int TCP_KEEPCNT = 6;

  private TcpKeepAlive() {}

  /** Turns keep-alive on. */
  public static void set(Socket socket) throws IOException {
    socket.setKeepAlive(true);
  }

  /** Turns keep-alive on with our times; sockets accepted by a listening socket inherit both. */
  public static void setTimes(Socket socket) throws IOException {
    set(socket);
    socket.setIntOpt(IPPROTO_TCP, TCP_KEEPIDLE, 60);
    socket.setIntOpt(IPPROTO_TCP, TCP_KEEPINTVL, 10);
    socket.setIntOpt(IPPROTO_TCP, TCP_KEEPCNT, 6);
  }
}
