package dev.orchestrator.whole;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.common.HumanText;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.report.SnapshotStatus;
import dev.orchestrator.settings.DataSettings.Quiesce;
import dev.orchestrator.settings.DataSettings.Rollback;
import dev.orchestrator.stack.SnapshotRequest;
import dev.orchestrator.testing.LightLoad;
import dev.orchestrator.testing.LightServiceFixture;
import dev.orchestrator.testing.VolumeInspector;
import dev.orchestrator.upgrade.DataOptions;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Snapshots of the light stack on a real engine, with clients that write to a file and to an SQLite
 * database all the time. {@code -Dsnapshots=20} makes so many in a row.
 */
@Tag("engine")
class SnapshotEngineTest {
  private static final int IN_A_ROW = Integer.getInteger("snapshots", 3);

  @TempDir Path directory;

  private static Receipt done(LightServiceFixture light, String run) throws InterruptedException {
    Receipt receipt = light.await(run);
    assertEquals(Outcome.DONE, receipt.upgrade().outcome(), receipt.upgrade().reason());
    return receipt;
  }

  private static Receipt create(LightServiceFixture light, String name, Quiesce how)
      throws InterruptedException {
    return done(light, light.control().createSnapshot(SnapshotRequest.manual(name, how)));
  }

  @Test
  void snapshotsUnderLoadLoseNothingAndTheLastIsRestored() throws Exception {
    try (LightServiceFixture light = new LightServiceFixture(directory)) {
      done(light, light.control().up("v1"));
      Set<Integer> linesBefore;
      Set<Integer> rowsBefore;
      try (LightLoad lines = new LightLoad(light, "/lines");
          LightLoad rows = new LightLoad(light, "/rows")) {
        linesBefore = Set.of();
        rowsBefore = Set.of();
        for (int i = 1; i <= IN_A_ROW; i++) {
          linesBefore = lines.acknowledged();
          rowsBefore = rows.acknowledged();
          create(light, "frozen-" + i, Quiesce.FREEZE);
          SnapshotStatus made = light.control().snapshot("frozen-" + i);
          System.out.printf(
              "%s: %s, clients waited %s at most%n",
              made.name(), HumanText.bytes(made.bytes()), HumanText.time(made.pauseMillis()));
        }
        create(light, "stopped", Quiesce.STOP);
        System.out.printf(
            "stopped: clients waited %s at most%n",
            HumanText.time(light.control().snapshot("stopped").pauseMillis()));
        lines.assertComplete("after snapshots");
        rows.assertComplete("after snapshots");
        assertEquals(List.of(), lines.failures());
        assertEquals("ok\n", light.get("/check"));
        assertEquals(1, light.containers().size(), "the same capsule serves");

        done(light, light.control().upgrade("v2"));
        light.post("1000001");
        done(light, light.control().restoreSnapshot("frozen-" + IN_A_ROW));
        assertEquals("ledger v1\n", light.get("/"));
        assertEquals("ok\n", light.get("/check"), "as after a power cut");
        assertHas(linesBefore, lines.readNumbers());
        assertHas(rowsBefore, rows.readNumbers());
        assertTrue(!lines.readNumbers().contains(1_000_001), "of after the snapshot");
      }

      String newer =
          light.control().snapshots().stream()
              .map(SnapshotStatus::name)
              .filter(name -> name.startsWith("before-restore-v2-"))
              .findFirst()
              .orElseThrow();
      done(light, light.control().restoreSnapshot(newer));
      assertEquals("ledger v2\n", light.get("/"));
      assertTrue(light.get("/lines").contains("1000001\n"));
    }
  }

  private static void assertHas(Set<Integer> acknowledged, List<Integer> found) {
    Set<Integer> missing = new TreeSet<>(acknowledged);
    missing.removeAll(found);
    assertEquals(Set.of(), missing, "acknowledged before the snapshot, of " + acknowledged.size());
  }

  @Test
  void whatARollbackSetAsideIsRestoredAfterOtherRuns() throws Exception {
    try (LightServiceFixture light = new LightServiceFixture(directory)) {
      done(light, light.control().up("v1"));
      done(light, light.control().upgrade("v2"));
      light.post("of v2");
      done(light, light.control().rollback(DataOptions.forRollback(Rollback.RESTORE)));
      String aside = light.control().snapshots().getFirst().name();
      assertTrue(aside.startsWith("set-aside-v2-"), aside);
      done(light, light.control().upgrade("v2"));
      done(light, light.control().rollback(DataOptions.forRollback(Rollback.RESTORE)));
      assertEquals("", light.get("/lines"));

      done(light, light.control().restoreSnapshot(aside));

      assertEquals("ledger v2\n", light.get("/"));
      assertEquals("of v2\n", light.get("/lines"));
    }
  }

  @Test
  void aRestoreThatIsNotHealthyLeavesWhatServes() throws Exception {
    try (LightServiceFixture light = new LightServiceFixture(directory)) {
      done(light, light.control().up("v1"));
      light.post("kept");
      create(light, "broken", Quiesce.FREEZE);
      light.post("newer");
      String volume = light.control().snapshot("broken").volumes().getFirst().volume();
      new VolumeInspector(light.engine())
          .runWriting(volume, "rm -rf /look/volumes/ledger; touch /look/volumes/ledger");

      Receipt receipt = light.await(light.control().restoreSnapshot("broken"));

      assertEquals(Outcome.ROLLED_BACK, receipt.upgrade().outcome(), receipt.toString());
      assertEquals("ledger v1\n", light.get("/"));
      assertEquals("kept\nnewer\n", light.get("/lines"));
      assertEquals(1, light.containers().size());
      light.control().deleteSnapshot("broken");
      assertEquals(2, light.volumes().size(), "data and store of what serves");
    }
  }
}
