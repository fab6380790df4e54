package dev.orchestrator.whole;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.engine.Labels;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.proxy.config.ListenAddress;
import dev.orchestrator.proxy.config.Protocol;
import dev.orchestrator.proxy.config.RouteOptions;
import dev.orchestrator.report.Status;
import dev.orchestrator.settings.RouteSettings;
import dev.orchestrator.settings.Settings;
import dev.orchestrator.settings.StackSettings;
import dev.orchestrator.stack.Control;
import dev.orchestrator.testing.FreePorts;
import dev.orchestrator.testing.LightServiceFixture;
import dev.orchestrator.testing.LightStackFixture;
import dev.orchestrator.testing.UdpLoad;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The service's life with a stack that starts in a second; on a real engine. */
@Tag("engine")
class LightUpgradeEngineTest {

  @TempDir Path directory;

  private static void assertDone(Receipt receipt) {
    assertEquals(Outcome.DONE, receipt.upgrade().outcome(), receipt.upgrade().reason());
  }

  private long images(LightServiceFixture light, String role) {
    Map<String, String> labels = new TreeMap<>(Labels.role(role));
    labels.put(Labels.STACK, light.settings().stack().name());
    return light.engine().images(labels).stream().filter(image -> !image.tags().isEmpty()).count();
  }

  private static UnaryOperator<Settings> withUdpRoute(int port) {
    return LightStackFixture.changed(stack -> {
      List<RouteSettings> routes = new ArrayList<>(stack.routes());
      routes.add(
          new RouteSettings(
              "greeting",
              new ListenAddress("127.0.0.1", port),
              LightStackFixture.GREETER,
              7000,
              RouteOptions.of(Protocol.UDP)));
      return new StackSettings(
          stack.name(),
          stack.folder(),
          List.copyOf(routes),
          stack.probes(),
          stack.upgrade(),
          stack.data());
    });
  }

  @Test
  void oldVersionsGoWithTheirImagesAndTheirData() throws Exception {
    LightStackFixture stack =
        LightStackFixture.in(directory, "light" + ProcessHandle.current().pid());
    int udp = FreePorts.next();
    try (LightServiceFixture light = new LightServiceFixture(stack, withUdpRoute(udp))) {
      assertDone(light.await(light.control().up("v1")));
      light.post("one");
      try (UdpLoad client = UdpLoad.start(udp)) {
        assertDone(light.await(light.control().upgrade("v2")));
        // Each question was answered, before the switch by v1 and then by v2.
        assertEquals(
            List.of("hello from v1", "hello from v2"), List.copyOf(client.stop().keySet()));
      }
      Path v4 = stack.folder().resolve("releases/v4");
      Files.createDirectories(v4);
      for (String file : List.of("compose.yaml", ".env", "greeting.txt")) {
        Files.writeString(
            v4.resolve(file),
            Files.readString(stack.folder().resolve("releases/v2").resolve(file))
                .replace("VERSION=v2", "VERSION=v4"));
      }
      assertDone(light.await(light.control().upgrade("v4")));
      assertEquals("one\n", light.get("/lines"));
      assertEquals("ledger v4\n", light.get("/"));
      assertEquals(2, light.containers().size(), "v4 and, for a rollback, v2");
      assertEquals(4, light.volumes().size(), "data and store of both");
      assertEquals(2, images(light, "capsule"));
      assertEquals(3, images(light, "inner"), "two ledgers, and the greeter that both have");
      light.control().down(Control.Removal.IMAGES);
      assertEquals(List.of(), light.containers());
      assertEquals(List.of(), light.volumes());
      assertEquals(0, images(light, "capsule") + images(light, "inner") + images(light, "layer"));
    }
  }

  @Test
  void theServiceComesBackToWhatServes() throws Exception {
    try (LightServiceFixture light = new LightServiceFixture(directory)) {
      assertDone(light.await(light.control().up("v1")));
      light.post("one");
      light.restart();
      assertEquals("one\n", light.get("/lines"));

      Status.Side serving = light.control().status().serving();
      assertNotNull(serving);
      light.engine().stopContainer(serving.container(), Duration.ofSeconds(30));
      // As after a reboot of the host: the capsule has no restart policy, the service starts it.
      light.restart();
      assertEquals("one\n", light.get("/lines"));
      Status status = light.control().status();
      assertEquals("serving", status.state());
      assertTrue(status.services().stream().allMatch(each -> each.state().equals("running")));

      light.control().down(Control.Removal.NOTHING);
      light.restart();
      assertEquals("down", light.control().status().state());
      assertDone(light.await(light.control().up(null)));
      assertEquals("one\n", light.get("/lines"));
      assertFalse(light.control().history().isEmpty());
    }
  }
}
