package dev.orchestrator.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.proxy.config.ProxyOptions;
import dev.orchestrator.proxy.testing.HeldClientsMain;
import dev.orchestrator.proxy.testing.ProxyFixture;
import dev.orchestrator.proxy.testing.ServerFixture;
import java.io.BufferedReader;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Loads that take longer than a unit test may. */
@Tag("long")
@Timeout(300)
class ProxyLoadTest {
  private static final int HELD = 10_000;
  private static final long BYTES_EACH = 4096;
  private static final ProxyOptions PATIENT =
      ProxyOptions.defaults()
          .withMaxHeld(HELD)
          .withConnectTimes(Duration.ofSeconds(30), Duration.ofSeconds(30));

  /** Verified bytes both ways, as in {@link ProxySwitchTest}, with more clients and switches. */
  @Test
  void aThousandClientsLoseNothingThroughFiftySwitches() throws Exception {
    ProxySwitchTest.exchangeThroughSwitches(1000, 50);
  }

  @Test
  void tenThousandHeldConnectionsTakeLittleMemoryAndAreAllServed() throws Exception {
    try (var blue =
            new ServerFixture(
                socket -> socket.getInputStream().transferTo(socket.getOutputStream()));
        var fixture = ProxyFixture.opened(PATIENT, ProxyFixture.backend("blue", blue))) {
      fixture.proxy.hold(Duration.ofMinutes(4));
      long before = liveBytes();
      Process clients = clients(fixture.proxy.port(ProxyFixture.WEB));
      try (BufferedReader said = clients.inputReader(StandardCharsets.US_ASCII)) {
        assertEquals("connected", said.readLine());
        fixture.untilHeld(HELD);
        long each = (liveBytes() - before) / HELD;
        assertTrue(each < BYTES_EACH, () -> each + " bytes for a held connection");
        assertEquals(0, fixture.stats().bytesIn());
        fixture.proxy.release();
        assertEquals("served " + HELD, said.readLine());
        assertEquals(HELD, fixture.stats().holds().served());
        assertEquals(0, fixture.stats().refused());
      } finally {
        clients.destroy();
        assertTrue(clients.waitFor(30, TimeUnit.SECONDS));
      }
    }
  }

  private static long liveBytes() {
    System.gc();
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }

  private static Process clients(int port) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx256m",
            "-cp",
            System.getProperty("java.class.path"),
            HeldClientsMain.class.getName(),
            Integer.toString(port),
            Integer.toString(HELD))
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }
}
