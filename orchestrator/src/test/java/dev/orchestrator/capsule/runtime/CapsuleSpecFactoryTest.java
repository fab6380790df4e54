package dev.orchestrator.capsule.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.compose.HostGrants;
import dev.orchestrator.data.DataVolume;
import dev.orchestrator.data.DataVolume.Layer;
import dev.orchestrator.data.DataVolume.Method;
import dev.orchestrator.engine.ContainerSecurity;
import dev.orchestrator.engine.ContainerSpec;
import dev.orchestrator.engine.Mount;
import dev.orchestrator.settings.Settings.ImageSettings;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Which volumes a capsule's container mounts, and where. */
class CapsuleSpecFactoryTest {
  private static final Mount STORE = Mount.of("store", "/var/lib/docker");

  private HostGrants granted = HostGrants.NONE;

  private ContainerSpec spec(DataVolume... volumes) {
    return new CapsuleSpecFactory(
            new ImageSettings("", Path.of("../config/image"), false), image -> granted)
        .managed("c", "image", 3, List.of(volumes), "store", Map.of());
  }

  @Test
  void aPlainMainVolumeIsAtData() {
    ContainerSpec spec = spec(DataVolume.plain("data", "g1-data", Method.COPY, List.of()));
    assertEquals(List.of(Mount.of("g1-data", "/data"), STORE), spec.mounts());
    assertEquals("", spec.env().get("CAPSULE_VOLUMES"));
    assertEquals(List.of("/run"), spec.tmpfs());
  }

  @Test
  void theLogOfACapsuleIsBoundedAsRunFlagsSays() {
    assertEquals(Map.of("max-size", "10m", "max-file", "3"), spec().logOptions());
  }

  @Test
  void layersAreReadOnlyAndTheNearestComesFirst() {
    DataVolume main =
        new DataVolume(
            "data",
            "g3-data",
            Method.OVERLAY,
            List.of(new Layer("g2-data", true), new Layer("g1-data", false)),
            List.of());
    ContainerSpec spec =
        spec(main, DataVolume.plain("media", "g1-media", Method.ATTACH, List.of("binds/media")));
    assertEquals(
        List.of(
            Mount.of("g3-data", "/layers/data/top"),
            Mount.readOnly("g2-data", "/layers/data/1"),
            Mount.readOnly("g1-data", "/layers/data/2"),
            Mount.of("g1-media", "/layers/media/top"),
            STORE),
        spec.mounts());
    assertEquals("data=1/upper,2 media=", spec.env().get("CAPSULE_VOLUMES"));
    assertEquals(List.of("/run", "/data"), spec.tmpfs());
    assertEquals(
        List.of(
            new Layer("g3-data", true), new Layer("g2-data", true), new Layer("g1-data", false)),
        main.layers());
  }

  @Test
  void whatTheImageAsksForIsGivenBesideTheRunFlags() {
    granted =
        HostGrants.parse(
            """
            --cap-add=SYS_NICE
            --device=/dev/net/tun
            --device-cgroup-rule=c 188:* rwm
            --ulimit=memlock=-1:-1
            --mount=type=bind,source=/srv/media,target=/host/srv/media,readonly,bind-propagation=rslave
            --env=CAPSULE_ZONE=Europe/Berlin
            """);
    ContainerSpec spec = spec();
    assertEquals(
        List.of(STORE, new Mount("/srv/media", "/host/srv/media", true, "rslave")), spec.mounts());
    assertEquals("Europe/Berlin", spec.env().get("CAPSULE_ZONE"));
    ContainerSecurity security = spec.security();
    assertTrue(security.capabilities().containsAll(List.of("SYS_ADMIN", "SYS_NICE")));
    assertEquals(List.of("/dev/net/tun"), security.devices());
    assertTrue(security.deviceCgroupRules().containsAll(List.of("b 7:* rwm", "c 188:* rwm")));
    assertEquals(Map.of("memlock", new ContainerSecurity.Limit(-1, -1)), security.limits());
  }

  @Test
  void anImageThatNeedsAllRightsGetsThemAlsoAfterTheSettingIsGone() {
    granted = HostGrants.parse("--privileged\n--device=/dev/dri\n--ulimit=nofile=9:9");
    ContainerSecurity security = spec().security();
    assertTrue(security.privileged());
    assertEquals(List.of(), security.devices(), "all rights are all devices");
    assertEquals(Map.of("nofile", new ContainerSecurity.Limit(9, 9)), security.limits());
  }
}
