package dev.orchestrator.journal;

import static dev.orchestrator.testing.GenerationFixture.START;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.common.Json;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.journal.StepRecord.Phase;
import dev.orchestrator.journal.UpgradeRecord.Kind;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReceiptReaderTest {

  @TempDir Path folder;
  private Instant now = START;
  private Journal journal;

  @BeforeEach
  void open() {
    journal = Journal.open(folder.resolve("journal.db"), () -> now);
  }

  @AfterEach
  void close() {
    journal.close();
  }

  @Test
  void itIsTheSameAsJsonAndBack() {
    String id = journal.begin(Kind.UPGRADE, "v1", "v3", null).id();
    line(id, 0, "preflight", Phase.INTENT, "checking the guardrails");
    line(id, 420, "preflight", Phase.DONE, "41 GiB free");
    line(id, 3, "verify", Phase.INTENT, "");
    line(id, 119_600, "verify", Phase.FAILED, "web: unhealthy (500 instead of 200)");
    line(id, 1, "hold", Phase.UNDO, "");
    line(id, 12, "hold", Phase.UNDONE, "4 connections released to v1");
    ReceiptWriter writer = new ReceiptWriter(journal, id);
    writer.image(
        new Receipt.Image(
            "orchestrator/demo:v3",
            544_000_000,
            false,
            31_200,
            List.of(
                new Receipt.BuildPart("image of db", 20_100),
                new Receipt.BuildPart("packing", 9_400))));
    writer.copy(new Receipt.CopyPass("pre-sync 1", 1234, 126_000_000, 2_100));
    writer.copy(new Receipt.CopyPass("sync", 3, 900, 80));
    writer.traffic(new Receipt.Traffic(4, 6_012, 6_000, 0, 3, 1));
    writer.note("the log of v3 is in upgrades/u1");
    writer.note("the log of v3 is in upgrades/u1");
    journal.end(id, Outcome.ROLLED_BACK, "web: unhealthy (500 instead of 200)");

    Receipt receipt = ReceiptReader.of(journal, "demo", id);
    assertEquals(receipt, Json.read(Json.write(receipt), Receipt.class));
    assertTrue(Json.write(receipt).contains("\"started\":\"2026-11-02T04:00:00Z\""));
  }

  @Test
  void aRunUnderWayShowsTheStepThatHasNotEnded() {
    String id = journal.begin(Kind.UPGRADE, "v1", "v2", null).id();
    line(id, 0, "build", Phase.INTENT, "building v2");
    line(id, 5_000, "build", Phase.INTENT, "building v2");
    line(id, 100, "build", Phase.DONE, "");
    line(id, 1, "bake", Phase.INTENT, "watching v2");

    List<Receipt.Step> steps = ReceiptReader.of(journal, "demo", id).steps();
    assertEquals(
        List.of(
            new Receipt.Step("build", "intent", START, 5_000, "building v2"),
            new Receipt.Step("build", "done", START.plusMillis(5_000), 100, "building v2"),
            new Receipt.Step("bake", "intent", START.plusMillis(5_101), 0, "watching v2")),
        steps);
  }

  @Test
  void aClockThatWasSetBackShowsNoNegativeTime() {
    String id = journal.begin(Kind.UP, "", "v1", null).id();
    line(id, 0, "build", Phase.INTENT, "");
    line(id, -3_600_000, "build", Phase.DONE, "");
    assertEquals(0, ReceiptReader.of(journal, "demo", id).steps().getFirst().millis());
  }

  @Test
  void anUnknownIdIsRefused() {
    assertEquals(
        "there is no upgrade u9; `orchestrator history` lists all upgrades",
        assertThrows(RefusedException.class, () -> ReceiptReader.of(journal, "demo", "u9"))
            .getMessage());
  }

  private void line(String id, long millis, String step, Phase phase, String detail) {
    now = now.plusMillis(millis);
    journal.append(id, step, phase, detail);
  }
}
