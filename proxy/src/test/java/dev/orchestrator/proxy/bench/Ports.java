package dev.orchestrator.proxy.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** Ports of the loopback address. */
final class Ports {
  private static final long SOON_NANOS = TimeUnit.SECONDS.toNanos(20);

  private Ports() {}

  static void awaitListening(int port) {
    long end = System.nanoTime() + SOON_NANOS;
    while (true) {
      try (Socket socket = new Socket()) {
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
        return;
      } catch (IOException e) {
        if (System.nanoTime() > end) {
          throw new UncheckedIOException("nothing listens on " + port, e);
        }
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
      }
    }
  }
}
