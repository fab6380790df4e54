package dev.orchestrator.proxy.tcp;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.proxy.testing.Await;
import dev.orchestrator.proxy.testing.ProxyFixture;
import dev.orchestrator.proxy.testing.ServerFixture;
import dev.orchestrator.proxy.testing.StallDetector;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
public class TcpRelayTest {
  private static final int BIG = 32 << 20;

  @Test
  void aClientThatEndsItsStreamStillReadsALargeAnswerSlowly() throws Exception {
    byte[] request = random(1, 300_000);
    var received = new CompletableFuture<byte[]>();
    try (var server =
            new ServerFixture(socket -> {
              received.complete(socket.getInputStream().readAllBytes());
              socket.getOutputStream().write(random(2, BIG));
            });
        var fixture = ProxyFixture.opened(ProxyFixture.backend("blue", server));
        Socket client = fixture.connect()) {
      client.getOutputStream().write(request);
      client.shutdownOutput();
      assertArrayEquals(request, received.get(20, TimeUnit.SECONDS));
      assertArrayEquals(digest(random(2, BIG)), slowDigest(client.getInputStream()));
      assertTrue(server.failures.isEmpty());
      Await.until("link gone", () -> fixture.stats().open() == 0);
      assertEquals(0, fixture.stats().resetsByClient() + fixture.stats().resetsByTarget());
    }
  }

  @Test
  void aTargetThatEndsItsStreamStillReadsALargeRequestSlowly() throws Exception {
    var received = new CompletableFuture<byte[]>();
    try (var server =
            new ServerFixture(socket -> {
              socket.getOutputStream().write(7);
              socket.shutdownOutput();
              received.complete(slowDigest(socket.getInputStream()));
            });
        var fixture = ProxyFixture.opened(ProxyFixture.backend("blue", server));
        Socket client = fixture.connect()) {
      assertEquals(7, client.getInputStream().read());
      assertEquals(-1, client.getInputStream().read());
      client.getOutputStream().write(random(3, BIG));
      client.shutdownOutput();
      assertArrayEquals(digest(random(3, BIG)), received.get(30, TimeUnit.SECONDS));
      Await.until("link gone", () -> fixture.stats().open() == 0);
      assertEquals(BIG, fixture.stats().bytesIn());
      assertEquals(1, fixture.stats().bytesOut());
    }
  }

  @Test
  void aPeerThatDoesNotReadStopsTheOtherFromSending() throws Exception {
    var sent = new AtomicLong();
    int total = 64 << 20;
    try (var server =
            new ServerFixture(socket -> {
              byte[] chunk = new byte[1 << 16];
              for (int i = 0; i < total / chunk.length; i++) {
                socket.getOutputStream().write(chunk);
                sent.addAndGet(chunk.length);
              }
            });
        var fixture = ProxyFixture.opened(ProxyFixture.backend("blue", server));
        Socket client = fixture.connect()) {
      // The kernel's buffers and ours are full then.
      Await.until("the target is stopped", new StallDetector(sent::get));
      assertTrue(sent.get() < total / 2, () -> "sent " + sent.get());
      assertTrue(fixture.stats().bytesOut() < 16 << 20, () -> "read " + fixture.stats().bytesOut());
      assertEquals(total, client.getInputStream().transferTo(OutputStream.nullOutputStream()));
    }
  }

  @Test
  void aResetIsPassedOnAndCountedForTheEndThatItCameFrom() throws Exception {
    var accepted = new CompletableFuture<Socket>();
    var ended = new CountDownLatch(1);
    try (var server =
            new ServerFixture(socket -> {
              socket.getOutputStream().write(1);
              accepted.complete(socket);
              try {
                ended.await();
              } catch (InterruptedException e) {
                throw new IOException(e);
              }
            });
        var fixture = ProxyFixture.opened(ProxyFixture.backend("blue", server))) {
      try (Socket client = fixture.connect()) {
        assertEquals(1, client.getInputStream().read());
        Socket target = accepted.get(10, TimeUnit.SECONDS);
        target.setSoLinger(true, 0);
        target.close();
        assertThrows(IOException.class, () -> client.getInputStream().read());
      } finally {
        ended.countDown();
      }
      assertEquals(1, fixture.stats().resetsByTarget());
      assertEquals(0, fixture.stats().resetsByClient());
    }
    try (var server = ServerFixture.echo('b');
        var fixture = ProxyFixture.opened(ProxyFixture.backend("blue", server))) {
      Socket client = fixture.connect();
      assertEquals('b', client.getInputStream().read());
      client.setSoLinger(true, 0);
      client.close();
      Await.until("the target saw it", () -> server.failures.size() == 1);
      Await.until("counted", () -> fixture.stats().resetsByClient() == 1);
      assertEquals(0, fixture.stats().open());
    }
  }

  public static byte[] random(long seed, int length) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  public static byte[] digest(byte[] bytes) {
    return sha256().digest(bytes);
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  /** Reads in small pieces, so that the sender's buffers fill up. */
  private static byte[] slowDigest(InputStream in) throws IOException {
    MessageDigest digest = sha256();
    byte[] piece = new byte[4096];
    for (int n = in.read(piece); n >= 0; n = in.read(piece)) {
      digest.update(piece, 0, n);
    }
    return digest.digest();
  }
}
