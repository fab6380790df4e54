package dev.orchestrator.proxy;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.proxy.config.ProxyOptions;
import dev.orchestrator.proxy.gate.GateState;
import dev.orchestrator.proxy.testing.Await;
import dev.orchestrator.proxy.testing.ProxyFixture;
import dev.orchestrator.proxy.testing.ServerFixture;
import java.io.IOException;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ProxyHoldTest {
  private static final Duration LONG = Duration.ofMinutes(1);
  private static final Duration SHORT = Duration.ofMillis(150);

  @Test
  void heldConnectionsWaitUnreadAndAreReleasedToTheBackendThatServed() throws Exception {
    try (var blue = ServerFixture.echo('b');
        var fixture = ProxyFixture.opened(ProxyFixture.backend("blue", blue))) {
      fixture.proxy.hold(LONG);
      try (Socket client = fixture.connect()) {
        client.getOutputStream().write("hello".getBytes(US_ASCII));
        fixture.untilHeld(1);
        assertEquals(0, blue.accepted.get());
        assertEquals(0, fixture.stats().bytesIn());

        fixture.proxy.release();

        assertEquals("bhello", read(client, 6));
        assertTrue(fixture.proxy.state() instanceof GateState.Open);
      }
    }
  }

  @Test
  void heldConnectionsGoToTheNewBackend() throws Exception {
    try (var blue = ServerFixture.echo('b');
        var green = ServerFixture.echo('g');
        var fixture = ProxyFixture.opened(ProxyFixture.backend("blue", blue))) {
      fixture.proxy.hold(LONG);
      try (Socket client = fixture.connect()) {
        fixture.untilHeld(1);
        fixture.proxy.switchTo(ProxyFixture.backend("green", green));
        assertEquals("g", read(client, 1));
        assertEquals(0, blue.accepted.get());
      }
    }
  }

  @Test
  void whenTheDeadlinePassesHeldConnectionsGoToTheBackendThatServed() throws Exception {
    try (var blue = ServerFixture.echo('b');
        var fixture = ProxyFixture.opened(ProxyFixture.backend("blue", blue))) {
      fixture.proxy.hold(SHORT);
      try (Socket client = fixture.connect()) {
        assertEquals("b", read(client, 1));
        assertEquals(ProxyFixture.backend("blue", blue), fixture.proxy.backend());
        assertTrue(fixture.stats().lastHold().longest().compareTo(Duration.ofMillis(50)) > 0);
      }
    }
  }

  @Test
  void aLaterHoldReplacesTheDeadline() throws Exception {
    try (var blue = ServerFixture.echo('b');
        var fixture = ProxyFixture.opened(ProxyFixture.backend("blue", blue))) {
      fixture.proxy.hold(LONG);
      try (Socket client = fixture.connect()) {
        fixture.untilHeld(1);
        fixture.proxy.hold(SHORT);
        assertEquals("b", read(client, 1));
        assertEquals(1, fixture.stats().lastHold().held());
      }
    }
  }

  @Test
  void heldConnectionsAreReleasedInOrderOfArrival() throws Exception {
    int clients = 40;
    Map<Socket, Integer> firstByte = new ConcurrentHashMap<>();
    ProxyOptions oneAtATime = ProxyOptions.defaults().withConnectsInFlight(1);
    try (var blue =
            new ServerFixture(socket -> {
              firstByte.put(socket, socket.getInputStream().read());
              socket.getInputStream().read();
            });
        var fixture = ProxyFixture.opened(oneAtATime, ProxyFixture.backend("blue", blue))) {
      fixture.proxy.hold(LONG);
      List<Socket> sockets = new ArrayList<>();
      for (int i = 0; i < clients; i++) {
        Socket client = fixture.connect();
        client.getOutputStream().write(i);
        sockets.add(client);
        fixture.untilHeld(i + 1);
      }

      fixture.proxy.release();

      Await.until("all served", () -> firstByte.size() == clients);
      assertEquals(
          IntStream.range(0, clients).boxed().toList(),
          blue.inOrder.stream().map(firstByte::get).toList());
      for (Socket each : sockets) {
        each.close();
      }
    }
  }

  @Test
  void aClientThatLeavesWhileHeldIsDropped() throws Exception {
    try (var blue = ServerFixture.echo('b');
        var fixture = ProxyFixture.opened(ProxyFixture.backend("blue", blue))) {
      fixture.proxy.hold(LONG);
      Socket polite = fixture.connect();
      Socket rude = fixture.connect();
      rude.getOutputStream().write(1);
      try (Socket patient = fixture.connect()) {
        fixture.untilHeld(3);

        polite.close();
        fixture.untilHeld(2);
        rude.setSoLinger(true, 0);
        rude.close();
        fixture.untilHeld(1);

        fixture.proxy.release();
        assertEquals("b", read(patient, 1));
        assertEquals(1, blue.accepted.get());
        assertEquals(2, fixture.stats().gaveUp());
        assertEquals(3, fixture.stats().holds().held());
        assertEquals(1, fixture.stats().holds().served());
      }
    }
  }

  @Test
  void aHeldClientThatSentItsRequestAndEndedItsStreamIsServed() throws Exception {
    byte[] request = "x".repeat(40_000).getBytes(US_ASCII);
    try (var blue = ServerFixture.echo('b');
        var fixture = ProxyFixture.opened(ProxyFixture.backend("blue", blue))) {
      fixture.proxy.hold(LONG);
      try (Socket client = fixture.connect()) {
        client.getOutputStream().write(request);
        client.shutdownOutput();
        fixture.untilHeld(1);
        try (Socket later = fixture.connect()) {
          fixture.untilHeld(2); // the end of the first stream has been seen then
          fixture.proxy.release();
          assertEquals("b", read(later, 1));
        }
        assertEquals(1 + request.length, client.getInputStream().readAllBytes().length);
      }
    }
  }

  @Test
  void aConnectionAboveTheBoundOnHeldConnectionsIsClosedCleanly() throws Exception {
    ProxyOptions two = ProxyOptions.defaults().withMaxHeld(2);
    try (var blue = ServerFixture.echo('b');
        var fixture = ProxyFixture.opened(two, ProxyFixture.backend("blue", blue))) {
      fixture.proxy.hold(LONG);
      try (Socket first = fixture.connect();
          Socket second = fixture.connect()) {
        fixture.untilHeld(2);
        try (Socket third = fixture.connect()) {
          third.getOutputStream().write(1);
          assertEquals(-1, third.getInputStream().read());
        }
        assertEquals(1, fixture.stats().refused());
        fixture.proxy.release();
        assertEquals("b", read(first, 1));
        assertEquals("b", read(second, 1));
      }
    }
  }

  @Test
  void aClosedGateClosesCleanlyWhatArrivesAndWhatWaits() throws Exception {
    try (var blue = ServerFixture.echo('b');
        var fixture = ProxyFixture.opened(null)) {
      try (Socket client = fixture.connect()) {
        client.getOutputStream().write(1);
        assertEquals(-1, client.getInputStream().read());
      }
      fixture.proxy.hold(LONG);
      try (Socket held = fixture.connect()) {
        fixture.untilHeld(1);
        fixture.proxy.closeGate();
        assertEquals(-1, held.getInputStream().read());
      }
      assertNull(fixture.proxy.backend());
      fixture.proxy.switchTo(ProxyFixture.backend("blue", blue));
      try (Socket client = fixture.connect()) {
        assertEquals("b", read(client, 1));
      }
      assertEquals(2, fixture.stats().refused());
    }
  }

  private static String read(Socket socket, int count) throws IOException {
    return new String(socket.getInputStream().readNBytes(count), US_ASCII);
  }
}
