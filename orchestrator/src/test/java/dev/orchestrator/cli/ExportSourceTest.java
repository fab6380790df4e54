package dev.orchestrator.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.orchestrator.common.Json;
import dev.orchestrator.data.DataVolume;
import dev.orchestrator.data.DataVolume.Layer;
import dev.orchestrator.data.DataVolume.Method;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.SnapshotRecord;
import dev.orchestrator.report.SnapshotSizes;
import dev.orchestrator.report.SnapshotStatus;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What an export reads of a snapshot. */
class ExportSourceTest {
  private static final Instant NOON = Instant.parse("2026-11-27T12:00:00Z");

  @Test
  void aSnapshotThatIsALayerIsReadWithTheLayersBelowIt() {
    DataVolume layered =
        new DataVolume(
            DataVolume.MAIN,
            "shop-g3-data",
            Method.OVERLAY,
            List.of(new Layer("shop-g2-data", true), new Layer("shop-g1-data", false)),
            List.of());
    Generation generation =
        new Generation(
            3, "v2", "c", "sha256:1", "shop-g3", List.of(layered), "shop-g3-store", Map.of(), NOON);
    SnapshotStatus shown =
        SnapshotStatus.of(
            new SnapshotRecord(
                "before-upgrade-v2", 3, SnapshotRecord.Reason.BEFORE_UPGRADE, NOON, 1, 0, 0, ""),
            generation,
            new SnapshotSizes.Sizes(1, 0, NOON),
            List.of());
    DataVolume read = ExportSource.volume(Json.tree(Json.write(shown)).path("volumes").path(0));
    assertEquals(layered.layers(), read.layers());
    assertEquals(layered.needs(), read.needs());
  }
}
