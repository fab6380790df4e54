package dev.orchestrator.whole;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.journal.InvariantRecord;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.settings.DataSettings.Rollback;
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

  /** The old version refuses to start on data that the new one has migrated, as many do. */
  @Test
  void anOldVersionThatRefusesTheMigratedDataIsFoundInTheRehearsal() throws Exception {
    LightStackFixture stack = LightStackFixture.in(directory);
    startWith(
        stack.folder().resolve("releases/v1/compose.yaml"),
        "! sqlite3 /var/lib/ledger/rows.db 'SELECT version FROM flyway_schema_history' 2>/dev/null"
            + " | grep -q 2");
    startWith(
        stack.folder().resolve("releases/v2/compose.yaml"),
        "sqlite3 /var/lib/ledger/rows.db 'CREATE TABLE IF NOT EXISTS flyway_schema_history"
            + " (version); INSERT INTO flyway_schema_history VALUES (2)'");
    try (LightServiceFixture light = new LightServiceFixture(stack, settings -> settings)) {
      Receipt up = light.await(light.control().up("v1"));
      assertEquals(Outcome.DONE, up.upgrade().outcome(), up.upgrade().reason());
      Receipt receipt =
          light.await(light.control().upgrade("v2", DataOptions.NONE, RehearsalOptions.REQUIRED));
      assertEquals(Outcome.DONE, receipt.upgrade().outcome(), receipt.upgrade().reason());
      String notes = String.join("\n", receipt.notes());
      System.out.println(notes);
      assertTrue(
          notes.contains(
              "changed by v2: ledger /var/lib/ledger/rows.db: flyway_schema_history: 2 ran; tables"
                  + " added: flyway_schema_history"),
          notes);
      assertTrue(
          notes.contains("way back: v2 is snapshot only: v1 does not work on its data"), notes);
      String refused =
          assertThrows(
                  RefusedException.class,
                  () -> light.control().rollback(DataOptions.forRollback(Rollback.CARRY)))
              .getMessage();
      assertTrue(String.valueOf(refused).startsWith("--data carry would fail"), refused);
    }
  }

  private static void loseRows(Path compose) throws Exception {
    startWith(compose, "sqlite3 /var/lib/ledger/rows.db 'DELETE FROM row'");
  }

  /** Has the ledger run a command first, and start only where that succeeds. */
  private static void startWith(Path compose, String command) throws Exception {
    String text = Files.readString(compose);
    Files.writeString(
        compose,
        text.replaceFirst(
            "( +)environment:\n",
            """
            $1entrypoint: ["sh", "-c"]
            $1command: ["%s && exec perl /ledger.pl"]
            $1environment:
            """
                .formatted(command)));
  }
}
