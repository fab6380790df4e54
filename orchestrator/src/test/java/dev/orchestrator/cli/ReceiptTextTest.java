package dev.orchestrator.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.journal.UpgradeRecord.Kind;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReceiptTextTest {
  private static final Instant START =
      LocalDateTime.of(2026, 11, 2, 5, 0).atZone(ZoneId.systemDefault()).toInstant();

  @Test
  void inFullItSaysWhatWasDoneWhenHeldCopiedUndoneAndWhy() {
    Receipt receipt =
        new Receipt(
            new UpgradeRecord(
                "u1",
                Kind.UPGRADE,
                "v1",
                "v3",
                1,
                3,
                Outcome.ROLLED_BACK,
                "web: unhealthy (500 instead of 200)",
                START,
                START.plusMillis(120_036)),
            "demo",
            List.of(
                new Receipt.Step("preflight", "done", START, 420, "41 GiB free"),
                new Receipt.Step(
                    "verify", "failed", START.plusMillis(423), 119_600, "web: unhealthy"),
                new Receipt.Step(
                    "hold", "undone", START.plusMillis(120_024), 12, "released to v1")),
            new Receipt.Traffic(1_400, 6_012, 6_000, 0, 3, 1),
            List.of(new Receipt.CopyPass("pre-sync 1", 1_234, 126_000_000, 2_100)),
            new Receipt.Image(
                "orchestrator/demo:v3",
                544_000_000,
                false,
                31_200,
                List.of(
                    new Receipt.BuildPart("image of db", 20_100),
                    new Receipt.BuildPart("packing", 9_400))),
            List.of("the log of v3 is in upgrades/u1"),
            null,
            List.of());
    assertEquals(
        """
        u1 upgrade v1 → v3: rolled back after 2 min 00 s, web: unhealthy (500 instead of 200)
        stack demo, started 2026-11-02 05:00:00, ended 2026-11-02 05:02:00

        AT             STEP        PHASE    TIME         DETAIL
        05:00:00.000   preflight   done     420 ms       41 GiB free
        05:00:00.423   verify      failed   2 min 00 s   web: unhealthy
        05:02:00.024   hold        undone   12 ms        released to v1

          clients  1,400 held (longest 6.0 s, p99 6.0 s), 0 refused; 3 drained, 1 cut
          copied   pre-sync 1: 1,234 files, 126.0 MB in 2.1 s
          image    orchestrator/demo:v3, 544.0 MB, built in 31.2 s (image of db 20.1 s, packing 9.4 s)
          note     the log of v3 is in upgrades/u1\
        """,
        String.join("\n", ReceiptText.full(receipt)));
  }

  /** What to mend, for clients to wait for a shorter time. */
  @Test
  void inFullItDrawsWhatBecameOfTheTimeInWhichClientsWaited() {
    Receipt receipt =
        new Receipt(
            new UpgradeRecord(
                "u1",
                Kind.UPGRADE,
                "v1",
                "v2",
                1,
                2,
                Outcome.DONE,
                "",
                START,
                START.plusMillis(9_000)),
            "demo",
            List.of(),
            null,
            List.of(),
            null,
            List.of(),
            new Receipt.Hold(
                START,
                5_000,
                List.of(
                    new Receipt.ServiceSpan("db", "stop", 500, null, 1_500),
                    new Receipt.ServiceSpan("db", "start", 2_000, 2_500L, 4_500)),
                List.of(
                    new Receipt.PathPart("quiesce", 500),
                    new Receipt.PathPart("db stop", 1_000),
                    new Receipt.PathPart("sync", 500),
                    new Receipt.PathPart("db start", 2_500),
                    new Receipt.PathPart("verify", 500))),
            List.of());
    assertEquals(
        """
          hold     5.0 s, one after the other: quiesce 500 ms, db stop 1.0 s, sync 500 ms, db start 2.5 s, verify 500 ms

        SERVICE   HELD    TIME    #: STOPS, .: STARTS, =: RUNS, NOT HEALTHY YET
        db        stop    1.0 s   |     ##########                                   |
        db        start   2.5 s   |                    .....====================     |\
        """,
        String.join("\n", ReceiptText.full(receipt)).replaceFirst("(?s)^.*\n\n(?=  hold)", ""));
  }
}
