package dev.orchestrator.drill;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.compose.HostGrants;
import dev.orchestrator.proxy.config.ListenAddress;
import dev.orchestrator.proxy.config.Protocol;
import dev.orchestrator.proxy.config.ProxyProtocol;
import dev.orchestrator.proxy.config.RouteOptions;
import dev.orchestrator.settings.BackupSettings;
import dev.orchestrator.settings.BackupSettings.Keep;
import dev.orchestrator.settings.GrantSettings;
import dev.orchestrator.settings.GrantSettings.DockerSocket;
import dev.orchestrator.settings.RouteSettings;
import dev.orchestrator.settings.Settings;
import dev.orchestrator.settings.Settings.ScheduleSettings;
import dev.orchestrator.settings.StackSettings;
import dev.orchestrator.settings.UpgradeSettings;
import dev.orchestrator.testing.LightStackFixture;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DrillSettingsTest {
  private static final List<String> DEVICES = List.of("/dev/dri");

  @TempDir Path folder;

  @Test
  void nothingPublicLeadsToADrill() {
    Settings drill = DrillSettings.of(open(Duration.ZERO), List.of(20_001, 20_010));
    assertEquals("127.0.0.1", drill.api().host());
    assertEquals(0, drill.api().port());
    assertNull(drill.schedule().upgrade());
    assertFalse(drill.stack().backup().configured(), "a drill's data is no backup");
    List<RouteSettings> routes = drill.stack().routes();
    assertEquals(new ListenAddress("127.0.0.1", 20_001, 20_001), routes.getFirst().listen());
    assertEquals(new ListenAddress("127.0.0.1", 20_010, 20_012), routes.getLast().listen());
    assertNull(routes.getFirst().options().preview());
    assertFalse(routes.getFirst().options().acceptProxyProtocol());
    // Its service expects one.
    assertEquals(ProxyProtocol.V2, routes.getFirst().options().sendProxyProtocol());
    assertEquals(List.of(9000, 9001, 9002), routes.getLast().servicePorts());
  }

  @Test
  void aDrillReadsTheHostsPathsAndWritesToNone() {
    GrantSettings grants =
        DrillSettings.of(open(Duration.ZERO), List.of(20_001, 20_010)).stack().grants();
    assertTrue(grants.rehearsal());
    assertEquals(DEVICES, grants.devices());
    HostGrants.Path media = new HostGrants.Path("/srv/media", false, "rslave");
    HostGrants written =
        new HostGrants(false, List.of(media), DEVICES, List.of(), List.of(), Map.of(), "Etc/UTC");
    HostGrants read = written.withReadOnlyPaths();
    assertTrue(read.paths().getFirst().readOnly());
    assertEquals(DEVICES, read.devices());
  }

  @Test
  void aLongBakeIsCutShortAndAShortOneIsNot() {
    List<Integer> ports = List.of(20_001, 20_010);
    for (int[] seconds : new int[][] {{0, 0}, {2, 2}, {20, 3}}) {
      Settings drill = DrillSettings.of(open(Duration.ofSeconds(seconds[0])), ports);
      assertEquals(Duration.ofSeconds(seconds[1]), drill.stack().upgrade().bake());
    }
  }

  @Test
  void portsGoThroughAVariable() {
    for (List<Integer> ports : List.of(List.<Integer>of(), List.of(1), List.of(20_001, 20_007))) {
      assertEquals(ports, DrillSettings.parsePorts(DrillSettings.format(ports)));
    }
  }

  private Settings open(Duration bake) {
    Settings light = LightStackFixture.in(folder, "open" + System.nanoTime()).settings(8080);
    StackSettings stack = light.stack();
    UpgradeSettings limits = stack.upgrade();
    return new Settings(
        light.file(),
        light.home(),
        light.engine(),
        light.api(),
        light.image(),
        new ScheduleSettings("0 4 * * *", ZoneOffset.UTC),
        light.takeover(),
        new StackSettings(
                stack.name(),
                stack.folder(),
                List.of(
                    new RouteSettings(
                        "web",
                        new ListenAddress("0.0.0.0", 80),
                        "web",
                        80,
                        RouteOptions.of(Protocol.HTTP)
                            .withProxyProtocol(ProxyProtocol.V2, true)
                            .withPreview(new ListenAddress("0.0.0.0", 81))),
                    new RouteSettings(
                        "range",
                        new ListenAddress("", 9000, 9002),
                        "web",
                        9000,
                        RouteOptions.of(Protocol.TCP))),
                stack.probes(),
                limits.with(bake, limits.keep()),
                stack.data())
            .withGrants(new GrantSettings(List.of(), DockerSocket.NONE, false, List.of(), DEVICES))
            .withBackup(
                new BackupSettings(
                    "/srv/backups",
                    Path.of("/etc/password"),
                    null,
                    "0 5 * * *",
                    new Keep(1, 0, 0, 0, 0),
                    0)));
  }
}
