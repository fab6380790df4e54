package dev.orchestrator.proxy.udp;

import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/** Options of sockets for datagrams, see socket(7), udp(7), ip(7) and ipv6(7). */
final class DatagramOptions {
  /**
   * What arrives while the loop is busy waits in the kernel; Linux's default holds some ninety
   * datagrams of 1,200 bytes.
   */
  private static final int BUFFER_BYTES = 4 << 20;

  private static final int SOL_SOCKET = 1;
  private static final int SO_SNDBUFFORCE = 32;
  private static final int SO_RCVBUFFORCE = 33;
  private static final int SO_DOMAIN = 39;
  private static final int AF_INET6 = 10;
  private static final int IPV6_RECVPKTINFO = 49;
  private static final int UDP_GRO = 104;

  private DatagramOptions() {}

  /** Options of every socket. */
  static void set(Socket socket) throws IOException {
    try {
      socket.setIntOpt(ReceiveBatch.SOL_UDP, UDP_GRO, 1);
    } catch (IOException e) {
      // A kernel before 5.0: it gives one datagram at a time.
    }
    try {
      // Beyond net.core.rmem_max and wmem_max, for a process that administers the network.
      socket.setIntOpt(SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES);
      socket.setIntOpt(SOL_SOCKET, SO_SNDBUFFORCE, BUFFER_BYTES);
    } catch (IOException e) {
      socket.setReceiveBufferSize(BUFFER_BYTES);
      socket.setSendBufferSize(BUFFER_BYTES);
    }
  }

  /** Options of a listening socket: one on all addresses is told which one a client has used. */
  static void setListening(Socket socket) throws IOException {
    set(socket);
    InetSocketAddress bound = socket.localAddress();
    InetAddress address = bound.getAddress();
    if (address.isAnyLocalAddress()) {
      if (socket.getIntOpt(SOL_SOCKET, SO_DOMAIN) == AF_INET6) {
        socket.setIntOpt(ReceiveBatch.SOL_IPV6, IPV6_RECVPKTINFO, 1);
      }
      // For IPv4 clients of an IPv6 socket too: only this tells the address to answer from where
      // the datagram was sent to a broadcast address.
      socket.setIntOpt(ReceiveBatch.SOL_IP, ReceiveBatch.IP_PKTINFO, 1);
    }
  }
}
