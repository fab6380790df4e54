package dev.orchestrator.whole;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.journal.InvariantRecord;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.settings.Expectation;
import dev.orchestrator.settings.Invariant;
import dev.orchestrator.settings.Invariant.Figure;
import dev.orchestrator.testing.LightLoad;
import dev.orchestrator.testing.LightServiceFixture;
import dev.orchestrator.testing.LightStackFixture;
import dev.orchestrator.testing.Rotates;
import dev.orchestrator.upgrade.DataOptions;
import dev.orchestrator.upgrade.RehearsalOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A version of the light stack on a real engine whose migration ends well, and after which all rows
 * of an SQLite table are gone, while clients write.
 */
@Tag("engine")
@Rotates
class InvariantsEngineTest {
  private static final String DATABASE = "/var/lib/ledger/rows.db";

  @TempDir Path directory;

  private static Invariant invariant(String name, Figure figure, String expect) {
    return new Invariant(
        name,
        LightStackFixture.LEDGER,
        figure,
        Expectation.parse(expect),
        Duration.ofSeconds(10),
        false);
  }

  private static final List<Invariant> INVARIANTS =
      List.of(
          invariant("rows", new Invariant.Table(DATABASE, "row"), ">= 0.99 * before"),
          invariant(
              "distinct",
              new Invariant.Query(DATABASE, "select count(distinct number) from row"),
              "= before"),
          invariant("files", new Invariant.Files("/var/lib/ledger"), ">= 1"),
          invariant(
              "version",
              new Invariant.Http(80, "/", Pattern.compile("v([0-9]+)")),
              "= before + 1"));

  @Test
  void lostRowsAreFoundInTheRehearsalAndWithoutOneBeforeTheSwitch() throws Exception {
    LightStackFixture stack = LightStackFixture.in(directory);
    loseRows(stack.folder().resolve("releases/v2/compose.yaml"));
    try (LightServiceFixture light =
        new LightServiceFixture(
            stack, LightStackFixture.changed(s -> s.withInvariants(INVARIANTS)))) {
      Receipt up = light.await(light.control().up("v1"));
      assertEquals(Outcome.DONE, up.upgrade().outcome(), up.upgrade().reason());
      try (LightLoad rows = new LightLoad(light, "/rows")) {
        Receipt rehearsed = upgrade(light, RehearsalOptions.REQUIRED);
        String reason = rehearsed.upgrade().reason();
        System.out.println(reason);
        assertTrue(reason.startsWith("rehearse: invariant rows (ledger): "), reason);
        assertTrue(reason.contains("found in a rehearsal, no client has waited"), reason);
        assertNull(rehearsed.traffic(), "nobody was held");
        assertEquals(
            List.of("rows false", "distinct false", "files true", "version true"),
            results(rehearsed));

        Receipt verified = upgrade(light, RehearsalOptions.NONE);
        System.out.println(verified.upgrade().reason());
        assertTrue(
            verified.upgrade().reason().startsWith("verify: invariant rows (ledger): "),
            verified.upgrade().reason());
        assertNotNull(verified.traffic());
        assertEquals(results(rehearsed), results(verified));
        rows.assertComplete("not upgraded");
        assertEquals(List.of(), rows.failures());
      }
      assertEquals("ledger v1", light.get("/").strip());
    }
  }

  private static List<String> results(Receipt receipt) {
    return receipt.invariants().stream()
        .map((InvariantRecord each) -> each.name() + " " + each.good())
        .toList();
  }

  private static Receipt upgrade(LightServiceFixture light, RehearsalOptions rehearsal)
      throws InterruptedException {
    Receipt receipt = light.await(light.control().upgrade("v2", DataOptions.NONE, rehearsal));
    assertEquals(Outcome.ROLLED_BACK, receipt.upgrade().outcome(), receipt.toString());
    return receipt;
  }

  private static void loseRows(Path compose) throws Exception {
    String text = Files.readString(compose);
    Files.writeString(
        compose,
        text.replaceFirst(
            "( +)environment:\n",
            """
            $1entrypoint:
            $1  - sh
            $1  - -c
            $1  - sqlite3 /var/lib/ledger/rows.db 'DELETE FROM row' && exec perl /ledger.pl
            $1environment:
            """));
  }
}
