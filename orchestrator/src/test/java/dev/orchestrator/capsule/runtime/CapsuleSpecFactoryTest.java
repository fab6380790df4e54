package dev.orchestrator.capsule.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.orchestrator.data.DataVolume;
import dev.orchestrator.data.DataVolume.Layer;
import dev.orchestrator.data.DataVolume.Method;
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

  private static ContainerSpec spec(DataVolume... volumes) {
    return new CapsuleSpecFactory(new ImageSettings("", Path.of("../config/image"), false))
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
}
