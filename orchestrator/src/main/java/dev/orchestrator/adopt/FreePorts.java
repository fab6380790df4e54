package dev.orchestrator.adopt;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.List;
import java.util.stream.IntStream;

/** Finds out whether a public port can be listened on, as a route would. */
final class FreePorts {
  private FreePorts() {}

  /** The ports of an address as a route has it: {@code 8080}, {@code 127.0.0.1:9000-9009}. */
  static List<Integer> numbers(String listen) {
    String text = listen.substring(listen.lastIndexOf(':') + 1);
    String[] ends = text.split("-", 2);
    int first = Integer.parseInt(ends[0]);
    int last = ends.length > 1 ? Integer.parseInt(ends[1]) : first;
    return IntStream.rangeClosed(first, last).boxed().toList();
  }

  /** Whether nobody listens there now. */
  static boolean isFree(String listen, int port, boolean udp) {
    int colon = listen.lastIndexOf(':');
    InetAddress address =
        InetAddress.ofLiteral(
            colon < 0 ? "0.0.0.0" : listen.substring(0, colon).replaceAll("[\\[\\]]", ""));
    InetSocketAddress at = new InetSocketAddress(address, port);
    if (udp) {
      try (DatagramSocket socket = new DatagramSocket(null)) {
        socket.bind(at);
        return true;
      } catch (IOException e) {
        return false;
      }
    }
    try (ServerSocket socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(at);
      return true;
    } catch (IOException e) {
      return false;
    }
  }
}
