package dev.orchestrator.journal;

import static dev.orchestrator.journal.Generated.START;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.Refusal;
import dev.orchestrator.journal.StepRecord.Phase;
import dev.orchestrator.journal.UpgradeRecord.Kind;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneId;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReceiptTextTest {

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
  void aRollbackSaysWhatWasHeldCopiedUndoneAndWhy() {
    String id = journal.begin(Kind.UPGRADE, "v1", "v3", null).id();
    line(id, 0, "preflight", Phase.INTENT, "checking the guardrails");
    line(id, 420, "preflight", Phase.DONE, "41 GiB free");
    line(id, 3, "verify", Phase.INTENT, "");
    line(id, 119_600, "verify", Phase.FAILED, "web: unhealthy (500 instead of 200)");
    line(id, 1, "hold", Phase.UNDO, "");
    line(id, 12, "hold", Phase.UNDONE, "4 connections released to v1");
    ReceiptWriter writer = new ReceiptWriter(journal, id);
    writer.image(new Receipt.Image("orchestrator/demo:v3", 544_000_000, false, 31_200));
    writer.copy(new Receipt.CopyPass("pre-sync 1", 1234, 126_000_000, 2_100));
    writer.copy(new Receipt.CopyPass("sync", 3, 900, 80));
    writer.traffic(new Receipt.Traffic(4, 6_012, 6_000, 0, 3, 1));
    writer.note("the log of v3 is in upgrades/u1");
    writer.note("the log of v3 is in upgrades/u1");
    journal.end(id, Outcome.ROLLED_BACK, "web: unhealthy (500 instead of 200)");

    Receipt receipt = Receipts.of(journal, "demo", id);
    assertEquals(
        """
        u1  upgrade demo v1 -> v3
          outcome  rolled back: v1 serves, because: web: unhealthy (500 instead of 200)
          started  2026-11-02 05:00:00 Europe/Berlin
          took     2 min 00 s
          image    orchestrator/demo:v3, 544.0 MB, built in 31.2 s
          copied   pre-sync 1: 1,234 files, 126.0 MB in 2.1 s
          copied   sync: 3 files, 900 B in 80 ms
          held     4 connections, the longest for 6.0 s (99 of 100 within 6.0 s)
          refused  0 connections
          drained  3 connections ended by themselves, 1 were cut
          note     the log of v3 is in upgrades/u1

          05:00:00.000  preflight  done        420 ms  41 GiB free
          05:00:00.423  verify     failed  2 min 00 s  web: unhealthy (500 instead of 200)
          05:02:00.024  hold       undone       12 ms  4 connections released to v1
        """,
        ReceiptText.of(receipt, ZoneId.of("Europe/Berlin")));
    assertEquals(receipt, Json.read(Json.write(receipt), Receipt.class), "JSON and back");
    assertTrue(Json.write(receipt).contains("\"started\":\"2026-11-02T04:00:00Z\""));
  }

  @Test
  void oneThatRunsOrWasKilledShowsTheStepThatHasNoEnd() {
    String id = journal.begin(Kind.UPGRADE, "v1", "v2", null).id();
    line(id, 0, "build", Phase.INTENT, "building v2");
    line(id, 5_000, "build", Phase.INTENT, "building v2");
    line(id, 100, "build", Phase.DONE, "");
    line(id, 1, "bake", Phase.INTENT, "watching v2");

    List<Receipt.Step> steps = Receipts.of(journal, "demo", id).steps();
    assertEquals(
        List.of(
            new Receipt.Step("build", "intent", START, 5_000, "building v2"),
            new Receipt.Step("build", "done", START.plusMillis(5_000), 100, "building v2"),
            new Receipt.Step("bake", "intent", START.plusMillis(5_101), 0, "watching v2")),
        steps);
    String text = ReceiptText.of(Receipts.of(journal, "demo", id), ZoneId.of("UTC"));
    assertTrue(text.contains("outcome  still running\n"), text);
  }

  @Test
  void aClockThatWasSetBackShowsNoNegativeTime() {
    String id = journal.begin(Kind.UP, "", "v1", null).id();
    line(id, 0, "build", Phase.INTENT, "");
    line(id, -3_600_000, "build", Phase.DONE, "");
    assertEquals(0, Receipts.of(journal, "demo", id).steps().getFirst().millis());
  }

  @Test
  void anIdThatNobodyHasIsRefused() {
    assertEquals(
        "there is no upgrade u9; `orchestrator history` lists those that there were",
        assertThrows(Refusal.class, () -> Receipts.of(journal, "demo", "u9")).getMessage());
  }

  private void line(String id, long millis, String step, Phase phase, String detail) {
    now = now.plusMillis(millis);
    journal.append(id, step, phase, detail);
  }
}
