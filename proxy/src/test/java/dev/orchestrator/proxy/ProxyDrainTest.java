package dev.orchestrator.proxy;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.proxy.gate.DrainResult;
import dev.orchestrator.proxy.tcp.TcpRelayTest;
import dev.orchestrator.proxy.testing.Await;
import dev.orchestrator.proxy.testing.ProxyFixture;
import dev.orchestrator.proxy.testing.ServerFixture;
import dev.orchestrator.proxy.testing.StallDetector;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ProxyDrainTest {
  private static final Duration LONG = Duration.ofSeconds(30);
  private static final Duration SHORT = Duration.ofMillis(200);

  @Test
  void connectionsThatEndByThemselvesAreWaitedForAndTheOthersCut() throws Exception {
    try (var blue = ServerFixture.echo('b');
        var fixture = ProxyFixture.opened(ProxyFixture.backend("blue", blue));
        Socket second = fixture.connect();
        Socket stays = fixture.connect()) {
      Socket first = fixture.connect();
      for (Socket each : new Socket[] {first, second, stays}) {
        assertEquals('b', each.getInputStream().read());
      }
      fixture.proxy.hold(LONG);
      var drained = new FutureTask<>(() -> fixture.proxy.drain(Duration.ofMillis(600)));
      startAndAwaitItsWait(drained);
      first.close();
      second.shutdownOutput();
      assertEquals(new DrainResult(2, 1), drained.get(10, TimeUnit.SECONDS));
      assertEquals(-1, stays.getInputStream().read());
    }
  }

  @Test
  void aDrainEndsWithTheLastConnection() throws Exception {
    try (var blue = ServerFixture.echo('b');
        var fixture = ProxyFixture.opened(ProxyFixture.backend("blue", blue));
        Socket client = fixture.connect()) {
      assertEquals('b', client.getInputStream().read());
      fixture.proxy.hold(LONG);
      long start = System.nanoTime();
      var drained = new FutureTask<>(() -> fixture.proxy.drain(LONG));
      startAndAwaitItsWait(drained);
      client.shutdownOutput();
      assertEquals(new DrainResult(1, 0), drained.get(10, TimeUnit.SECONDS));
      assertTrue(System.nanoTime() - start < TimeUnit.SECONDS.toNanos(5));
    }
  }

  @Test
  void aCutClientReadsAllThatWasSentAndThenTheEnd() throws Exception {
    byte[] answer = TcpRelayTest.random(4, 400_000);
    var written = new CountDownLatch(1);
    var over = new CountDownLatch(1);
    var request = new CompletableFuture<byte[]>();
    try (var blue =
            new ServerFixture(socket -> {
              socket.getOutputStream().write(answer);
              written.countDown();
              request.complete(socket.getInputStream().readAllBytes());
              Await.forEnd(over); // the target has read the end of the stream, and does not close
            });
        var fixture = ProxyFixture.opened(ProxyFixture.backend("blue", blue));
        Socket client = fixture.connect()) {
      assertTrue(written.await(10, TimeUnit.SECONDS));
      // The target may have written before the proxy has seen that it is connected.
      Await.until("the relay", () -> fixture.stats().open() == 1);
      client.getOutputStream().write("sent before the cut".getBytes(UTF_8));
      fixture.proxy.hold(LONG);

      assertEquals(new DrainResult(0, 1), fixture.proxy.drain(SHORT));

      assertEquals("sent before the cut", new String(request.get(5, TimeUnit.SECONDS), UTF_8));
      over.countDown(); // the target closes, as it does when its backend is stopped
      client
          .getOutputStream()
          .write("too late".getBytes(UTF_8)); // which must not reset the connection
      assertArrayEquals(answer, client.getInputStream().readAllBytes());
      assertEquals(0, fixture.stats().resetsByTarget());
    }
  }

  @Test
  void aTargetThatDiesAfterTheCutDoesNotResetTheClient() throws Exception {
    byte[] answer = TcpRelayTest.random(5, 3_000_000);
    var sockets = new CompletableFuture<Socket>();
    var over = new CountDownLatch(1);
    try (var blue =
            new ServerFixture(socket -> {
              sockets.complete(socket);
              socket.getOutputStream().write(answer);
              Await.forEnd(over);
            });
        var fixture = ProxyFixture.opened(ProxyFixture.backend("blue", blue));
        Socket client = fixture.connect()) {
      Await.until("relayed", () -> fixture.stats().bytesOut() > 0);
      Await.until("buffers full", new StallDetector(() -> fixture.stats().bytesOut()));
      long read = fixture.stats().bytesOut();
      fixture.proxy.hold(LONG);
      assertEquals(1, fixture.proxy.drain(SHORT).cut());
      Socket target = sockets.get(5, TimeUnit.SECONDS);
      target.setSoLinger(true, 0);
      target.close();
      over.countDown();
      assertTrue(client.getInputStream().readAllBytes().length >= read);
    }
  }

  @Test
  void withoutAHoldADrainIsOfTheConnectionsToOtherBackends() throws Exception {
    try (var blue = ServerFixture.echo('b');
        var green = ServerFixture.echo('g');
        var fixture = ProxyFixture.opened(ProxyFixture.backend("blue", blue));
        Socket old = fixture.connect()) {
      assertEquals('b', old.getInputStream().read());
      fixture.proxy.switchTo(ProxyFixture.backend("green", green));
      try (Socket young = fixture.connect()) {
        assertEquals('g', young.getInputStream().read());
        old.getOutputStream().write('1');
        assertEquals('1', old.getInputStream().read());

        assertEquals(new DrainResult(0, 1), fixture.proxy.drain(SHORT));

        assertEquals(-1, old.getInputStream().read());
        young.getOutputStream().write('2');
        assertEquals('2', young.getInputStream().read());
      }
    }
  }

  private static void startAndAwaitItsWait(FutureTask<?> task) {
    Thread thread = Thread.ofPlatform().start(task);
    Await.until("waiting", () -> thread.getState() == Thread.State.TIMED_WAITING);
  }
}
