package dev.orchestrator.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.orchestrator.proxy.config.ListenAddress;
import dev.orchestrator.proxy.config.ProxyOptions;
import dev.orchestrator.proxy.config.Route;
import dev.orchestrator.proxy.gate.DrainResult;
import dev.orchestrator.proxy.testing.Await;
import dev.orchestrator.proxy.testing.ProxyFixture;
import dev.orchestrator.proxy.testing.UdpClient;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a client of a udp route gets through drains and switches. */
@Timeout(60)
class UdpDrainTest extends UdpRouteFixture {
  private static final Duration LONG = Duration.ofSeconds(30);

  @Test
  void aDrainWaitsForTheAnswerOfAClientAndForNothingElse() throws Exception {
    try (var fixture = opened();
        var waits = client(fixture);
        var answered = client(fixture);
        var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      assertEquals("bx", answered.ask("x"));
      waits.send("-slow");
      blue.untilReceived(2);
      fixture.proxy.hold(LONG);
      Future<DrainResult> drain = threads.submit(() -> fixture.proxy.drain(LONG));
      Await.until("the answered one is closed", () -> open(fixture, "blue") == 1);
      blue.answer();
      assertEquals("b-slow", waits.read());
      assertEquals(0, drain.get(20, TimeUnit.SECONDS).cut());
      assertEquals(0, open(fixture, "blue"));
      // The clients stay known: what they send now waits.
      waits.send("y");
      fixture.untilHeld(1);
      fixture.proxy.switchTo(backend("green", green));
      assertEquals("gy", waits.read());
      assertEquals("gz", answered.ask("z"));
    }
  }

  @Test
  void aDrainPassesAllDatagramsOfAnAnswerOn() throws Exception {
    int datagrams = 150; // more than are read at once
    VertxOptions oneLoop =
        new VertxOptions().setPreferNativeTransport(true).setEventLoopPoolSize(1);
    Vertx vertx = Vertx.vertx(oneLoop);
    try (var target = new DatagramSocket(0, InetAddress.getLoopbackAddress());
        var proxy = Proxy.create(vertx, ProxyOptions.defaults());
        var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      target.setSoTimeout((int) Await.LIMIT.toMillis());
      proxy.open(
          List.of(new Route(ProxyFixture.WEB, new ListenAddress("127.0.0.1", 0), UDP)),
          ProxyFixture.backend("blue", target.getLocalPort()));
      try (var client = new UdpClient(proxy.port(ProxyFixture.WEB))) {
        client.send("question");
        DatagramPacket question = new DatagramPacket(new byte[100], 100);
        target.receive(question);
        proxy.hold(LONG);
        var proceed = new CountDownLatch(1);
        // The answer comes, and the drain begins, while the loop is busy.
        vertx.runOnContext(_ -> Await.until("the answer is sent", () -> proceed.getCount() == 0));
        Future<DrainResult> drain = threads.submit(() -> proxy.drain(LONG));
        for (int i = 0; i < datagrams; i++) {
          byte[] part = {(byte) i};
          target.send(new DatagramPacket(part, 1, question.getSocketAddress()));
        }
        proceed.countDown();
        assertEquals(0, drain.get(20, TimeUnit.SECONDS).cut());
        for (int i = 0; i < datagrams; i++) {
          assertEquals((byte) i, client.receive()[0]);
        }
      }
    } finally {
      vertx.close().await(10, TimeUnit.SECONDS);
    }
  }

  @Test
  void aDrainDoesNotWaitForAnAnswerThatNeverComes() throws IOException {
    try (var fixture = opened();
        var client = client(fixture)) {
      client.send("-log line");
      blue.untilReceived(1);
      fixture.proxy.hold(LONG);
      assertEquals(new DrainResult(1, 0), fixture.proxy.drain(LONG));
      fixture.proxy.release();
      assertEquals("ba", client.ask("a"));
    }
  }

  @Test
  void aClientThatWaitsForAnswersLosesNoneThroughManySwitches() throws Exception {
    var done = new AtomicBoolean();
    var exchanges = new AtomicInteger();
    try (var fixture = opened();
        var threads = Executors.newVirtualThreadPerTaskExecutor();
        AutoCloseable _ = () -> done.set(true)) {
      List<Future<Void>> clients = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        clients.add(
            threads.submit(() -> {
              try (var client = client(fixture)) {
                while (!done.get()) {
                  String question = "q" + exchanges.incrementAndGet();
                  assertEquals(question, client.ask(question).substring(1));
                }
              }
              return null;
            }));
      }
      for (int i = 0; i < 20; i++) {
        int before = exchanges.get();
        Await.until("clients are served", () -> exchanges.get() > before + 50);
        if (i % 2 == 0) {
          fixture.proxy.hold(LONG);
          DrainResult _ = fixture.proxy.drain(LONG);
        }
        fixture.proxy.switchTo(i % 4 < 2 ? backend("green", green) : backend("blue", blue));
      }
      done.set(true);
      for (Future<Void> each : clients) {
        each.get(30, TimeUnit.SECONDS);
      }
      assertEquals(0, fixture.stats().dropped());
    }
  }

  @Test
  void afterASwitchTheNextDatagramGoesToTheNewBackendAndLateAnswersStillCome() throws IOException {
    try (var fixture = opened();
        var client = client(fixture)) {
      client.send("-late");
      blue.untilReceived(1);
      fixture.proxy.switchTo(backend("green", green));
      assertEquals("gnew", client.ask("new"));
      blue.answer();
      assertEquals("b-late", client.read());
      Await.until("blue's socket is closed", () -> open(fixture, "blue") == 0);
      assertEquals(1, open(fixture, "green"));
    }
  }

  private static long open(ProxyFixture fixture, String backend) {
    return Objects.requireNonNull(fixture.stats().byTarget().get(backend)).open();
  }
}
