package dev.orchestrator.testing;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.ServerSocket;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Ports that a test may open later. They lie below the range from which the kernel takes a port for
 * whoever names none (Linux: {@code ip_local_port_range}, 32768 and up), so no other socket of this
 * or another test gets one between the question and its use. Any thread.
 */
public final class FreePorts {
  private static final int FIRST = 10_000;
  private static final int COUNT = 9_900;

  /** Two runs side by side begin at different places. */
  private static final AtomicInteger NEXT =
      new AtomicInteger((int) (ProcessHandle.current().pid() * 37 % COUNT));

  private FreePorts() {}

  /** A port that nobody has, neither of tcp nor of udp; each call gives another one. */
  public static int next() {
    for (int i = 0; i < COUNT; i++) {
      int port = FIRST + NEXT.getAndIncrement() % COUNT;
      if (isFree(port)) {
        return port;
      }
    }
    throw new IllegalStateException("no free port from " + FIRST + " to " + (FIRST + COUNT));
  }

  private static boolean isFree(int port) {
    try (var tcp = new ServerSocket(port);
        var udp = new DatagramSocket(port)) {
      return tcp.isBound() && udp.isBound();
    } catch (IOException e) {
      return false; // somebody has it
    }
  }
}
