package dev.orchestrator.whole;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.orchestrator.common.HumanText;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.testing.LightLoad;
import dev.orchestrator.testing.LightServiceFixture;
import dev.orchestrator.testing.LightStackFixture;
import dev.orchestrator.testing.Rotates;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A day of upgrades, back and forth, with clients that write all the time. */
@Tag("engine")
@Rotates(days = 24)
class UpgradesInARowEngineTest {
  private static final int UPGRADES = 24;

  @TempDir Path directory;

  @Test
  void nothingIsLostOrRefusedInTwentyFourUpgrades() throws Exception {
    try (LightServiceFixture light =
        new LightServiceFixture(
            LightStackFixture.in(directory), LightStackFixture.changed(stack -> stack))) {
      assertEquals(Outcome.DONE, light.await(light.control().up("v1")).upgrade().outcome());
      Map<Long, Integer> holds = new TreeMap<>();
      try (LightLoad lines = new LightLoad(light, "/lines");
          LightLoad rows = new LightLoad(light, "/rows")) {
        for (int i = 1; i <= UPGRADES; i++) {
          String version = i % 2 == 1 ? "v2" : "v1";
          Receipt receipt = light.await(light.control().upgrade(version));
          assertEquals(
              Outcome.DONE, receipt.upgrade().outcome(), i + ": " + receipt.upgrade().reason());
          Receipt.Traffic traffic = Objects.requireNonNull(receipt.traffic());
          assertEquals(0, traffic.refused(), "refused in upgrade " + i);
          holds.merge(traffic.longestHoldMillis() / 500, 1, Integer::sum);
        }
        lines.assertComplete("upgraded");
        rows.assertComplete("upgraded");
      }
      holds.forEach((half, times) ->
          System.out.printf(
              "held for %s to %s: %s%n",
              HumanText.time(half * 500), HumanText.time((half + 1) * 500), "#".repeat(times)));
    }
  }
}
