package dev.orchestrator.whole;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.settings.DataSettings;
import dev.orchestrator.settings.Probe;
import dev.orchestrator.settings.RouteSettings;
import dev.orchestrator.settings.Settings;
import dev.orchestrator.settings.StackSettings;
import dev.orchestrator.testing.LightServiceFixture;
import dev.orchestrator.testing.LightStackFixture;
import dev.orchestrator.upgrade.DataOptions;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Requests that are refused in one line, with nothing changed; on a real engine. */
@Tag("engine")
class RefusalsEngineTest {

  @TempDir Path directory;

  private static void writeRelease(LightStackFixture stack, String version, String compose)
      throws IOException {
    Path folder = Files.createDirectories(stack.folder().resolve("releases").resolve(version));
    if (!compose.isEmpty()) {
      Files.writeString(folder.resolve("compose.yaml"), compose);
    }
  }

  private static void assertRefused(LightServiceFixture light, String version, String... words)
      throws InterruptedException {
    String message;
    List<String> before = light.containers();
    List<String> volumes = light.volumes();
    try {
      Receipt receipt = light.await(light.control().upgrade(version));
      assertEquals(Outcome.REFUSED, receipt.upgrade().outcome(), receipt.upgrade().reason());
      message = receipt.upgrade().reason();
    } catch (RefusedException refusal) {
      message = String.valueOf(refusal.getMessage());
    }
    for (String word : words) {
      assertTrue(message.contains(word), message);
    }
    assertEquals(1, message.lines().count(), message);
    assertEquals(before, light.containers(), "containers after " + message);
    assertEquals(volumes, light.volumes(), "volumes after " + message);
  }

  @Test
  void versionsThatCanNotRunInACapsule() throws Exception {
    LightStackFixture stack = LightStackFixture.in(directory);
    writeRelease(stack, "no-compose", "");
    writeRelease(stack, "no-yaml", "services:\n  a:\n image: b\n");
    writeRelease(stack, "unknown-key", "services: {ledger: {imagge: x}}\n");
    writeRelease(stack, "no-service", "services: {other: {image: 'orchestrator/debian:trixie'}}\n");
    writeRelease(
        stack,
        "no-image",
        """
        services:
          ledger: {image: nowhere.invalid/a/b:1, volumes: ["ledger:/var/lib/ledger"]}
          greeter: {image: nowhere.invalid/a/b:1}
        volumes: {ledger: {}}
        """);
    try (LightServiceFixture light = new LightServiceFixture(stack, settings -> settings)) {
      light.await(light.control().up("v1"));
      light.post("kept");
      assertRefused(light, "v9", "unknown version v9 of stack light", "known: ", "v1");
      assertRefused(light, "no-compose", "has no compose file", "compose.yaml");
      assertRefused(light, "no-yaml", "Compose rejects compose.yaml", "line 2");
      assertRefused(light, "unknown-key", "Compose rejects compose.yaml", "imagge");
      assertRefused(
          light,
          "no-service",
          "route web",
          "is for service ledger, which the compose file doesn't have");
      assertRefused(light, "no-image", "service", "can't get the image nowhere.invalid/a/b:1");
      assertRefused(light, "v1", "v1 is the version that serves");
      assertEquals("kept\n", light.get("/lines"));

      String running = light.control().upgrade("v2");
      RefusedException second =
          assertThrows(RefusedException.class, () -> light.control().upgrade("v2"));
      String message = String.valueOf(second.getMessage());
      assertTrue(message.startsWith(running + " is running (upgrade v1 to v2, since "), message);
      assertEquals(Outcome.DONE, light.await(running).upgrade().outcome());
    }
  }

  @Test
  void tooLittleSpaceForACopy() throws Exception {
    DataSettings huge =
        new DataSettings(DataSettings.Strategy.COPY, DataSettings.Quiesce.STOP, Long.MAX_VALUE / 4);
    UnaryOperator<Settings> change =
        LightStackFixture.changed(s ->
            new StackSettings(s.name(), s.folder(), s.routes(), s.probes(), s.upgrade(), huge));
    try (LightServiceFixture light =
        new LightServiceFixture(LightStackFixture.in(directory), change)) {
      light.await(light.control().up("v1"));
      assertRefused(light, "v2", "not enough space", "data.reserve", "free");
      assertEquals("ledger v1\n", light.get("/"));
    }
  }

  @Test
  void aProbeForAServiceThatIsNotThereIsNotAskedAndSaid() throws Exception {
    UnaryOperator<Settings> change =
        LightStackFixture.changed(s -> {
          List<Probe> probes = new ArrayList<>(s.probes());
          probes.add(new Probe("shop", "shop", new Probe.Tcp(80), Duration.ofSeconds(1)));
          return new StackSettings(s.name(), s.folder(), s.routes(), probes, s.upgrade(), s.data());
        });
    try (LightServiceFixture light =
        new LightServiceFixture(LightStackFixture.in(directory), change)) {
      Receipt up = light.await(light.control().up("v1"));
      assertEquals(Outcome.DONE, up.upgrade().outcome(), up.upgrade().reason());
      String plan = light.control().plan("v2", DataOptions.NONE).warnings().toString();
      assertTrue(
          plan.contains("probe shop is for service shop, which the compose file doesn't have"),
          plan);
      String doctor = light.control().doctor().checks().toString();
      assertTrue(
          doctor.contains("probe shop is not asked of v1, which has no service shop"), doctor);
      Receipt upgrade = light.await(light.control().upgrade("v2"));
      assertEquals(Outcome.DONE, upgrade.upgrade().outcome(), upgrade.upgrade().reason());
    }
  }

  @Test
  void aRouteOnAUsedPort() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      int port = taken.getLocalPort();
      UnaryOperator<Settings> change =
          LightStackFixture.changed(s -> {
            List<RouteSettings> routes = new ArrayList<>(s.routes());
            routes.add(new RouteSettings("second", "127.0.0.1", port, "greeter", 7000));
            return new StackSettings(
                s.name(), s.folder(), routes, s.probes(), s.upgrade(), s.data());
          });
      try (LightServiceFixture light =
          new LightServiceFixture(LightStackFixture.in(directory), change)) {
        Receipt up = light.await(light.control().up("v1"));
        assertEquals(Outcome.REFUSED, up.upgrade().outcome());
        String reason = up.upgrade().reason();
        assertTrue(reason.contains("route second on 127.0.0.1:" + port), reason);
        assertTrue(reason.contains("in use"), reason);
        assertEquals(List.of(), light.containers());
        assertThrows(IOException.class, () -> light.get("/"), "the other route is not open either");
      }
    }
  }
}
