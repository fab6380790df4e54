package dev.orchestrator.proxy.listen;

import dev.orchestrator.proxy.config.ListenAddress;
import io.netty.channel.unix.Socket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The address of a bound socket as text, the same for a socket and for the route that wants it. */
final class BoundAddress {
  private BoundAddress() {}

  /** The descriptors of bound sockets by their addresses. */
  static Map<String, Integer> index(List<Integer> descriptors) {
    Map<String, Integer> byAddress = new LinkedHashMap<>();
    for (int descriptor : descriptors) {
      InetSocketAddress address = new Socket(descriptor).localAddress();
      byAddress.put(of(address.getAddress(), address.getPort()), descriptor);
    }
    return byAddress;
  }

  /** The address of one port of a route, counted from 0; a host name is looked up. */
  static String of(ListenAddress listen, int port) {
    String asWritten = listen.address(port);
    if (listen.everyAddress()) {
      return asWritten;
    }
    try {
      return of(InetAddress.getByName(listen.host()), listen.first() + port);
    } catch (UnknownHostException e) {
      return asWritten; // no socket has it, and binding the route tells the error
    }
  }

  private static String of(InetAddress address, int port) {
    String host = address.isAnyLocalAddress() ? "" : address.getHostAddress();
    return new ListenAddress(host, port).toString();
  }
}
