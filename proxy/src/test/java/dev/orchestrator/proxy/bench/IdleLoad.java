package dev.orchestrator.proxy.bench;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** Many connections on which nothing moves. */
final class IdleLoad {
  private static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(60);

  private IdleLoad() {}

  /** The memory of one connection with both its ends: in use, and given by the system. */
  record Cost(double heldBytes, double residentBytes) {}

  static Cost measure(Contender contender, int count) throws IOException {
    long held = contender.held();
    long resident = contender.resident();
    List<SocketChannel> channels = new ArrayList<>();
    try {
      for (int i = 0; i < count; i++) {
        channels.add(
            SocketChannel.open(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), contender.tcp)));
      }
      long end = System.nanoTime() + LIMIT_NANOS;
      while (contender.descriptors() < 2 * count) {
        if (System.nanoTime() > end) {
          throw new IOException(
              "%s does not take %d connections: it has %d descriptors"
                  .formatted(contender.name, count, contender.descriptors()));
        }
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
      }
      return new Cost(
          (double) (contender.held() - held) / count,
          (double) (contender.resident() - resident) / count);
    } finally {
      for (SocketChannel each : channels) {
        each.close();
      }
    }
  }
}
