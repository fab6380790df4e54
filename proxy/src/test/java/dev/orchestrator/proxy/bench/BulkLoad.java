package dev.orchestrator.proxy.bench;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;

/** Reads a large body as fast as possible. */
final class BulkLoad {
  private static final int BUFFER = 1 << 20;

  private BulkLoad() {}

  /** Reads the body once; gives GiB per second. */
  static double read(int port) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER);
    long begun = System.nanoTime();
    try (SocketChannel channel =
        SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port))) {
      channel.write(
          ByteBuffer.wrap(
              "GET /bulk HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
                  .getBytes(StandardCharsets.US_ASCII)));
      long total = 0;
      for (int count = channel.read(buffer); count >= 0; count = channel.read(buffer)) {
        total += count;
        buffer.clear();
      }
      if (total < BenchUpstream.BULK) {
        throw new IOException("only " + total + " bytes came from " + port);
      }
    }
    return 1e9 / (System.nanoTime() - begun);
  }
}
