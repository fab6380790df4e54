package dev.orchestrator.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.common.HumanText;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.report.SnapshotDiff;
import dev.orchestrator.report.SnapshotStatus;
import dev.orchestrator.stack.SnapshotRequest;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * Snapshots of the demo, one after the other, while clients write to its MariaDB by themselves and
 * through WordPress: {@code scripts/test --snapshots}.
 */
@Tag("engine")
@EnabledIfSystemProperty(named = "snapshots", matches = "[0-9]+")
class DemoSnapshotsEngineTest {
  private static final int IN_A_ROW = Integer.getInteger("snapshots", 1);

  @TempDir Path home;

  private static Receipt done(DemoStackFixture demo, String run) throws InterruptedException {
    Receipt receipt = demo.await(run, event -> {});
    assertEquals(Outcome.DONE, receipt.upgrade().outcome(), receipt.upgrade().reason());
    return receipt;
  }

  @Test
  void eachSnapshotUnderLoadIsProvenAndNothingIsLost() throws Exception {
    try (DemoStackFixture demo = new DemoStackFixture(home)) {
      done(demo, demo.control().up("v1"));
      try (SqlLoad sql = SqlLoad.mariadb(demo.port("mariadb"), "a", SqlLoad.Connections.KEPT);
          WebLoad web = new WebLoad(demo.port("web"), "wa")) {
        sql.start();
        web.start();
        long longest = 0;
        for (int i = 1; i <= IN_A_ROW; i++) {
          String name = "s" + i;
          done(demo, demo.control().createSnapshot(SnapshotRequest.manual(name, null)));
          done(demo, demo.control().proveSnapshot(name));
          SnapshotStatus made = demo.control().snapshot(name);
          String found = Objects.requireNonNull(made.lastProof()).text();
          assertTrue(found.contains("tables are good (mariadb-check)"), found);
          longest = Math.max(longest, made.pauseMillis());
          System.out.printf(
              "%s: %s, clients waited %s at most; %s%n",
              name, HumanText.bytes(made.bytes()), HumanText.time(made.pauseMillis()), found);
        }
        SnapshotDiff diff = demo.control().diffSnapshot("s1", null);
        assertEquals("", diff.tablesNote());
        assertTrue(
            diff.tables().stream().anyMatch(each -> each.table().equals("ledger.entry")),
            diff.toString());
        sql.stop();
        web.stop();
        assertEquals(Set.of(), sql.missing(sql.acknowledged()), "rows lost");
        assertEquals(Set.of(), web.missing(web.acknowledged()), "posts lost");
        assertEquals(0, sql.refused() + web.refused(), "connections refused");
        System.out.printf(
            "%d snapshots, each proven; clients waited %s at most, the longest write took %s;"
                + " %d rows, %d posts acknowledged%n",
            IN_A_ROW,
            HumanText.time(longest),
            HumanText.time(Math.max(sql.longestMillis(), web.longestMillis())),
            sql.acknowledged().size(),
            web.acknowledged().size());
      }
    }
  }
}
