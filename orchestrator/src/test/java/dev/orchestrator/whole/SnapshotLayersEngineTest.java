package dev.orchestrator.whole;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.data.DataVolume;
import dev.orchestrator.data.TakenFiles;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.report.SnapshotStatus;
import dev.orchestrator.settings.DataSettings.Quiesce;
import dev.orchestrator.settings.DataSettings.Rollback;
import dev.orchestrator.settings.DataSettings.Strategy;
import dev.orchestrator.stack.SnapshotRequest;
import dev.orchestrator.testing.LightServiceFixture;
import dev.orchestrator.testing.LightStackFixture;
import dev.orchestrator.testing.OrchestratorFixture;
import dev.orchestrator.testing.Rotates;
import dev.orchestrator.testing.VolumeInspector;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Snapshots of the light stack on a real engine, where each version's data is a layer over the
 * last.
 */
@Tag("engine")
@Rotates
class SnapshotLayersEngineTest {
  @TempDir Path directory;

  private static void done(LightServiceFixture light, String run) throws InterruptedException {
    Receipt receipt = light.await(run);
    assertEquals(Outcome.DONE, receipt.upgrade().outcome(), receipt.upgrade().reason());
  }

  private static List<DataVolume.Layer> layers(LightServiceFixture light) {
    return light.control().serving().volumes().getFirst().layers();
  }

  private static String dataOf(LightServiceFixture light, String snapshot) {
    return light.control().snapshot(snapshot).volumes().getFirst().volume();
  }

  private static String named(LightServiceFixture light, String prefix) {
    return light.control().snapshots().stream()
        .map(SnapshotStatus::name)
        .filter(name -> name.startsWith(prefix))
        .findFirst()
        .orElseThrow();
  }

  private LightServiceFixture withClones() {
    return new LightServiceFixture(
        LightStackFixture.in(directory),
        LightStackFixture.with(
            OrchestratorFixture.dataSettings(Strategy.CLONE, Quiesce.STOP, Rollback.RESTORE)));
  }

  @Test
  void layersAreThreeDeepAtMostAndNobodyWritesToASnapshotBelow() throws Exception {
    try (LightServiceFixture light = withClones()) {
      VolumeInspector inspector = new VolumeInspector(light.engine());
      done(light, light.control().up("v1"));
      light.post("of v1");
      done(light, light.control().upgrade("v2"));
      String first = named(light, "before-upgrade-v1-");
      assertEquals(2, layers(light).size());
      assertEquals(dataOf(light, first), layers(light).getLast().volume());
      List<String> content = inspector.listEntries(dataOf(light, first));
      light.post("of v2");
      TakenFiles file = light.control().restoreFiles(first, "ledger/lines", null);
      assertEquals(List.of("ledger/lines"), file.replaced(), "into the layer above it");
      assertEquals("of v1\n", light.get("/lines"));
      done(light, light.control().proveSnapshot(first));
      assertEquals(
          content, inspector.listEntries(dataOf(light, first)), "nobody has written to it");

      done(light, light.control().upgrade("v1"));
      assertEquals(3, layers(light).size());
      assertEquals(content, inspector.listEntries(dataOf(light, first)));
      RefusedException refused =
          assertThrows(RefusedException.class, () -> light.control().deleteSnapshot(first));
      String why = String.valueOf(refused.getMessage());
      assertTrue(why.contains("is a layer over it"), why);
      light.post("third");
      done(light, light.control().upgrade("v2"));
      assertEquals(1, layers(light).size(), "a copy, in place of a fourth layer");
      assertEquals("of v1\nthird\n", light.get("/lines"));
      assertEquals(content, inspector.listEntries(dataOf(light, first)));
      done(light, light.control().restoreSnapshot(first));
      assertEquals("of v1\n", light.get("/lines"));
      assertEquals(content, inspector.listEntries(dataOf(light, first)));
    }
  }

  @Test
  void theDeletionOfOneInTheMiddleFreesItsSpaceAndBreaksNoOther() throws Exception {
    try (LightServiceFixture light = withClones()) {
      VolumeInspector inspector = new VolumeInspector(light.engine());
      done(light, light.control().up("v1"));
      for (String name : List.of("a", "b", "c")) {
        light.post(name);
        done(light, light.control().createSnapshot(SnapshotRequest.manual(name, null)));
      }
      List<String> a = inspector.listEntries(dataOf(light, "a"));
      List<String> c = inspector.listEntries(dataOf(light, "c"));
      String middle = dataOf(light, "b");
      assertTrue(light.volumes().contains(middle));

      light.control().deleteSnapshot("b");

      assertFalse(light.volumes().contains(middle), "its space is free");
      assertEquals(a, inspector.listEntries(dataOf(light, "a")));
      assertEquals(c, inspector.listEntries(dataOf(light, "c")));
      for (String name : List.of("a", "c")) {
        done(light, light.control().proveSnapshot(name));
        assertNotNull(light.control().snapshot(name).proven());
      }
      done(light, light.control().restoreSnapshot("a"));
      assertEquals("a\n", light.get("/lines"));
    }
  }
}
