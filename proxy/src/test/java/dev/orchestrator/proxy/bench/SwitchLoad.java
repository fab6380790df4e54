package dev.orchestrator.proxy.bench;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/**
 * Requests at a fixed rate, each on a new connection, while the contender switches to and fro.
 *
 * @param p999Millis the 99.9th percentile of the latency, from the moment that a request was due
 * @param failed requests that were refused, reset, or not answered
 */
record SwitchLoad(double p999Millis, double longestMillis, int failed) {
  private static final int A_SECOND = 1000;
  private static final byte[] REQUEST =
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

  static SwitchLoad measure(Contender contender, int port, int seconds, int switches)
      throws IOException {
    int count = seconds * A_SECOND;
    long[] took = new long[count];
    int failed = 0;
    AtomicReference<IOException> trouble = new AtomicReference<>();
    long begun = System.nanoTime();
    Thread switcher =
        Thread.ofPlatform()
            .start(() -> {
              try {
                for (int i = 1; i <= switches; i++) {
                  sleepUntil(begun + TimeUnit.SECONDS.toNanos(seconds) * i / (switches + 1));
                  contender.switchTo(i % 2 == 1 ? "green" : "blue");
                }
              } catch (IOException e) {
                trouble.set(e);
              }
            });
    ByteBuffer buffer = ByteBuffer.allocateDirect(4096);
    for (int i = 0; i < count; i++) {
      long due = begun + TimeUnit.SECONDS.toNanos(i) / A_SECOND;
      sleepUntil(due);
      if (!request(port, buffer)) {
        failed++;
      }
      took[i] = System.nanoTime() - due;
    }
    try {
      switcher.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    IOException failure = trouble.get();
    if (failure != null) {
      throw failure;
    }
    Arrays.sort(took);
    return new SwitchLoad(took[(int) (count * 0.999)] / 1e6, took[count - 1] / 1e6, failed);
  }

  private static void sleepUntil(long due) {
    for (long rest = due - System.nanoTime(); rest > 0; rest = due - System.nanoTime()) {
      LockSupport.parkNanos(rest);
    }
  }

  private static boolean request(int port, ByteBuffer buffer) {
    try (SocketChannel channel =
        SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port))) {
      channel.write(ByteBuffer.wrap(REQUEST));
      buffer.clear();
      int total = 0;
      for (int n = channel.read(buffer); n >= 0; n = channel.read(buffer)) {
        total += n;
      }
      return total > 100 && buffer.get(9) == '2';
    } catch (IOException e) {
      return false;
    }
  }
}
