package dev.orchestrator.proxy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.proxy.config.Backend;
import dev.orchestrator.proxy.stats.RouteStats;
import dev.orchestrator.proxy.tcp.TcpRelayTest;
import dev.orchestrator.proxy.testing.Await;
import dev.orchestrator.proxy.testing.ProxyFixture;
import dev.orchestrator.proxy.testing.ServerFixture;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class ProxySwitchTest {

  /** Half of the switches have a hold and a drain before them. */
  @Test
  void noClientLosesAByteThroughSwitches() throws Exception {
    exchangeThroughSwitches(200, 20);
  }

  static void exchangeThroughSwitches(int count, int switches) throws Exception {
    var done = new AtomicBoolean();
    var exchanges = new AtomicLong();
    try (var blue = new ServerFixture(socket -> digestService(socket, 'b'));
        var green = new ServerFixture(socket -> digestService(socket, 'g'));
        var fixture = ProxyFixture.opened(ProxyFixture.backend("blue", blue));
        var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> clients = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        int seed = i;
        clients.add(threads.submit(() -> client(fixture, seed, done, exchanges)));
      }
      Backend[] backends = {
        ProxyFixture.backend("blue", blue), ProxyFixture.backend("green", green)
      };
      for (int i = 1; i <= switches; i++) {
        awaitProgress(exchanges, count, clients);
        Backend next = backends[i % 2];
        if (i % 4 < 2) {
          fixture.proxy.hold(Duration.ofSeconds(20));
          assertEquals(0, fixture.proxy.drain(Duration.ofSeconds(10)).cut());
          ServerFixture left = i % 2 == 0 ? green : blue;
          int before = left.accepted.get();
          fixture.proxy.switchTo(next);
          assertEquals(before, left.accepted.get());
        } else {
          fixture.proxy.switchTo(next);
        }
      }
      done.set(true);
      for (Future<?> each : clients) {
        each.get(30, TimeUnit.SECONDS);
      }
      assertTrue(blue.failures.isEmpty(), () -> "blue " + blue.failures);
      assertTrue(green.failures.isEmpty(), () -> "green " + green.failures);
      Await.until("links gone", () -> fixture.stats().open() == 0);
      RouteStats stats = fixture.stats();
      assertEquals(0, stats.refused() + stats.resetsByClient() + stats.resetsByTarget());
      assertEquals(0, stats.gaveUp());
      assertEquals(exchanges.get(), stats.total());
      assertEquals(stats.holds().held(), stats.holds().served());
      assertTrue(stats.holds().held() > 0);
    }
  }

  private static void awaitProgress(AtomicLong exchanges, int more, List<Future<?>> clients) {
    long start = exchanges.get();
    Await.until(
        "progress",
        () ->
            exchanges.get() >= start + more
                || clients.stream().anyMatch(each -> each.state() == Future.State.FAILED));
  }

  /** Sends random bytes in pieces, ends its stream, and checks both digests and all bytes. */
  private static Void client(
      ProxyFixture fixture, int seed, AtomicBoolean done, AtomicLong exchanges) throws IOException {
    Random random = new Random(seed);
    while (!done.get()) {
      byte[] request = TcpRelayTest.random(random.nextLong(), 1 + random.nextInt(60_000));
      try (Socket socket = fixture.connect()) {
        OutputStream out = socket.getOutputStream();
        for (int at = 0; at < request.length; at += 16_384) {
          out.write(request, at, Math.min(16_384, request.length - at));
        }
        socket.shutdownOutput();
        DataInputStream in = new DataInputStream(socket.getInputStream());
        byte name = in.readByte();
        assertTrue(name == 'b' || name == 'g');
        assertArrayEquals(TcpRelayTest.digest(request), in.readNBytes(32));
        byte[] answer = in.readNBytes(in.readInt());
        assertArrayEquals(TcpRelayTest.digest(answer), in.readNBytes(32));
        assertEquals(-1, in.read());
      }
      exchanges.incrementAndGet();
    }
    return null;
  }

  private static void digestService(Socket socket, char name) throws IOException {
    byte[] request = socket.getInputStream().readAllBytes();
    if (request.length == 0) {
      return; // the gate changed meanwhile: cancelled before anything was sent
    }
    byte[] answer = TcpRelayTest.random(request.length, request.length * 2);
    OutputStream out = socket.getOutputStream();
    out.write(name);
    out.write(TcpRelayTest.digest(request));
    out.write(ByteBuffer.allocate(4).putInt(answer.length).array());
    out.write(answer);
    out.write(TcpRelayTest.digest(answer));
  }

  @Test
  void aConnectionLivesOnThroughASwitch() throws IOException, ExecutionException {
    try (var blue = ServerFixture.echo('b');
        var green = ServerFixture.echo('g');
        var fixture = ProxyFixture.opened(ProxyFixture.backend("blue", blue));
        Socket client = fixture.connect()) {
      assertEquals('b', client.getInputStream().read());
      fixture.proxy.switchTo(ProxyFixture.backend("green", green));
      for (int i = 0; i < 100; i++) {
        client.getOutputStream().write(i);
        assertEquals(i, client.getInputStream().read());
      }
      assertEquals("green", Objects.requireNonNull(fixture.proxy.backend()).name());
    }
  }
}
