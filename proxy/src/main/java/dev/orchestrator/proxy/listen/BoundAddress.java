package dev.orchestrator.proxy.listen;

import dev.orchestrator.proxy.config.ListenAddress;
import io.netty.channel.unix.Socket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The address of a bound socket as text, the same for a socket and for the route that wants it:
 * {@code 127.0.0.1:53}, or {@code 127.0.0.1:53/udp} for datagrams.
 */
final class BoundAddress {
  private BoundAddress() {}

  /** The descriptors of bound sockets by their addresses. */
  static Map<String, Integer> index(List<Integer> descriptors) {
    Map<String, Integer> byAddress = new LinkedHashMap<>();
    for (int descriptor : descriptors) {
      InetSocketAddress address = new Socket(descriptor).localAddress();
      boolean datagrams = SocketKind.of(descriptor) == SocketKind.DATAGRAM;
      byAddress.put(of(address.getAddress(), address.getPort(), datagrams), descriptor);
    }
    return byAddress;
  }

  /** The address of one port of a route, counted from 0; a host name is looked up. */
  static String of(ListenAddress listen, int port, boolean datagrams) {
    String asWritten = listen.address(port) + suffix(datagrams);
    if (listen.everyAddress()) {
      return asWritten;
    }
    try {
      return of(InetAddress.getByName(listen.host()), listen.first() + port, datagrams);
    } catch (UnknownHostException e) {
      return asWritten; // no socket has it, and binding the route tells the error
    }
  }

  private static String suffix(boolean datagrams) {
    return datagrams ? "/udp" : "";
  }

  private static String of(InetAddress address, int port, boolean datagrams) {
    String host = address.isAnyLocalAddress() ? "" : address.getHostAddress();
    return new ListenAddress(host, port) + suffix(datagrams);
  }
}
