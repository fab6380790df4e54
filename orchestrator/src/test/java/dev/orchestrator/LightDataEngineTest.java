package dev.orchestrator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.ReceiptText;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.settings.DataSettings;
import dev.orchestrator.settings.DataSettings.Quiesce;
import dev.orchestrator.settings.DataSettings.Rollback;
import dev.orchestrator.settings.DataSettings.Strategy;
import dev.orchestrator.upgrade.DataOptions;
import java.nio.file.Path;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * How the data goes from version to version and back, on a real engine, with clients that write to
 * a file and to an SQLite database all the time.
 */
@Tag("engine")
class LightDataEngineTest {

  @TempDir Path directory;

  private static DataSettings data(Strategy strategy, Quiesce quiesce) {
    return new DataSettings(strategy, quiesce, 100_000_000);
  }

  private LightService light(DataSettings data) {
    return new LightService(LightStack.in(directory), LightStack.with(data));
  }

  private static Receipt ended(LightService light, String run, Outcome outcome)
      throws InterruptedException {
    Receipt receipt = light.await(run);
    System.out.println(ReceiptText.of(receipt, ZoneOffset.UTC));
    assertEquals(outcome, receipt.upgrade().outcome(), receipt.upgrade().reason());
    return receipt;
  }

  private static void assertServes(LightService light, String version) {
    assertNotNull(light.control().status().serving());
    assertEquals(version, light.control().status().serving().version());
  }

  @Test
  void clonedForwardAndBackWithoutLosingAnAcknowledgedWrite() throws Exception {
    try (LightService light = light(data(Strategy.CLONE, Quiesce.STOP))) {
      ended(light, light.control().up("v1"), Outcome.DONE);
      VolumeLook look = new VolumeLook(light.engine());
      String blue = light.container(1) + "-data";
      List<String> before = new ArrayList<>();
      try (LightLedger lines = new LightLedger(light, "/lines");
          LightLedger rows = new LightLedger(light, "/rows")) {
        Receipt upgrade =
            light.await(
                light.control().upgrade("v2"),
                event -> {
                  if (event.step().equals("sync") && event.phase().equals("done")) {
                    before.addAll(look.listing(blue));
                  }
                });
        assertEquals(Outcome.DONE, upgrade.upgrade().outcome(), upgrade.upgrade().reason());
        assertServes(light, "v2");
        ended(light, light.control().upgrade("v3"), Outcome.ROLLED_BACK);
        assertServes(light, "v2");
        assertTrue(before.size() >= 5, before.toString());
        assertEquals(before, look.listing(blue), "what is below a clone");
        ended(light, light.control().rollback(DataOptions.of(Rollback.CARRY)), Outcome.DONE);
        assertServes(light, "v1");
        assertEquals(before, look.listing(blue), "what is below a clone of a clone");
        rows.assertComplete("rows");
        lines.assertComplete("lines");
        assertEquals("ok\n", light.get("/check"));
      }
    }
  }

  @Test
  void goingBackToTheSwitchSetsTheNewerDataAside() throws Exception {
    try (LightService light = light(data(Strategy.CLONE, Quiesce.STOP))) {
      ended(light, light.control().up("v1"), Outcome.DONE);
      Set<Integer> atSwitch = new TreeSet<>();
      try (LightLedger lines = new LightLedger(light, "/lines")) {
        Receipt upgrade =
            light.await(
                light.control().upgrade("v2"),
                event -> {
                  if (event.step().equals("quiesce") && event.phase().equals("done")) {
                    atSwitch.addAll(lines.acknowledged());
                  }
                });
        assertEquals(Outcome.DONE, upgrade.upgrade().outcome(), upgrade.upgrade().reason());
        Receipt back =
            ended(light, light.control().rollback(DataOptions.of(Rollback.RESTORE)), Outcome.DONE);
        assertServes(light, "v1");
        lines.end();
        Set<Integer> missing = new TreeSet<>(atSwitch);
        missing.removeAll(lines.found());
        assertEquals(Set.of(), missing, "of before the switch");
        String aside = light.container(2) + "-data";
        assertTrue(back.notes().toString().contains(aside), back.notes().toString());
        Set<Integer> all = new TreeSet<>(lines.found());
        all.addAll(
            LightLedger.numbers(
                new VolumeLook(light.engine())
                    .shell(aside, "cat /look/upper/volumes/ledger/lines")));
        Set<Integer> lost = lines.acknowledged();
        lost.removeAll(all);
        assertEquals(Set.of(), lost, "neither there nor set aside");
      }
    }
  }
}
