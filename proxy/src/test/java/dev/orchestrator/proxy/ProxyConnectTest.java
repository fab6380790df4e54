package dev.orchestrator.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.proxy.config.Backend;
import dev.orchestrator.proxy.config.ProxyOptions;
import dev.orchestrator.proxy.config.Target;
import dev.orchestrator.proxy.testing.Await;
import dev.orchestrator.proxy.testing.FreePorts;
import dev.orchestrator.proxy.testing.ProxyFixture;
import dev.orchestrator.proxy.testing.ServerFixture;
import java.io.OutputStream;
import java.net.Socket;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ProxyConnectTest {
  private static final Duration LONG = Duration.ofMinutes(1);

  @Test
  void aTargetThatIsJustAboutToListenIsWaitedFor() throws Exception {
    int port = FreePorts.next();
    try (var fixture = ProxyFixture.opened(ProxyFixture.backend("blue", port));
        Socket client = fixture.connect()) {
      Await.until("some attempts failed", () -> fixture.stats().connectFailures() > 3);
      try (var _ = new ServerFixture(port, socket -> socket.getOutputStream().write('b'))) {
        assertEquals('b', client.getInputStream().read());
      }
      assertEquals(0, fixture.stats().refused());
      assertEquals(0, fixture.stats().holds().held());
    }
  }

  @Test
  void aTargetThatDoesNotListenWithinTheBoundCostsTheClientACleanClose() throws Exception {
    var quick =
        ProxyOptions.defaults().withConnectTimes(Duration.ofSeconds(1), Duration.ofMillis(300));
    int port = FreePorts.next();
    try (var fixture = ProxyFixture.opened(quick, ProxyFixture.backend("blue", port));
        Socket client = fixture.connect()) {
      client.getOutputStream().write(1);
      assertEquals(-1, client.getInputStream().read());
      assertEquals(1, fixture.stats().refused());
      assertEquals(1, fixture.stats().targets().unserved());
      assertTrue(fixture.stats().connectFailures() > 3);
    }
  }

  /** Such as the engine's userland proxy in front of a service that doesn't listen. */
  @Test
  void aTargetThatClosesBeforeItSaysAWordHasServedNobody() throws Exception {
    try (var empty = new ServerFixture(socket -> {});
        var fixture = ProxyFixture.opened(ProxyFixture.backend("blue", empty));
        Socket client = fixture.connect()) {
      assertEquals(-1, client.getInputStream().read());
      assertEquals(1, fixture.stats().targets().closedEmpty());
    }
    ServerFixture.Service sink = socket -> socket.getInputStream().transferTo(nowhere());
    try (var silent = new ServerFixture(sink);
        var fixture = ProxyFixture.opened(ProxyFixture.backend("blue", silent));
        Socket client = fixture.connect()) {
      client.getOutputStream().write(1);
      client.shutdownOutput();
      assertEquals(-1, client.getInputStream().read());
      assertEquals(0, fixture.stats().targets().closedEmpty());
    }
  }

  private static OutputStream nowhere() {
    return OutputStream.nullOutputStream();
  }

  @Test
  void aConnectionWhoseTargetRefusesGoesBackToTheGateWhenItIsHeld() throws Exception {
    int port = FreePorts.next();
    try (var green = ServerFixture.echo('g');
        var fixture = ProxyFixture.opened(ProxyFixture.backend("blue", port));
        Socket client = fixture.connect()) {
      Await.until("an attempt failed", () -> fixture.stats().connectFailures() > 0);
      fixture.proxy.hold(LONG);
      Await.until("held", () -> fixture.stats().holds().held() == 1);
      fixture.proxy.switchTo(ProxyFixture.backend("green", green));
      assertEquals('g', client.getInputStream().read());
      assertEquals(1, fixture.stats().lastHold().served());
    }
  }

  @Test
  void anAttemptThatHangsIsCancelledByASwitch() throws Exception {
    // No machine has this address, which is reserved for documentation.
    Backend nowhere = Backend.of("blue", Map.of(ProxyFixture.WEB, new Target("192.0.2.1", 9)));
    var patient =
        ProxyOptions.defaults().withConnectTimes(Duration.ofMinutes(1), Duration.ofMinutes(1));
    try (var green = ServerFixture.echo('g');
        var fixture = ProxyFixture.opened(patient, nowhere);
        Socket client = fixture.connect()) {
      fixture.untilHeld(1);
      fixture.proxy.switchTo(ProxyFixture.backend("green", green));
      assertEquals('g', client.getInputStream().read());
    }
  }
}
