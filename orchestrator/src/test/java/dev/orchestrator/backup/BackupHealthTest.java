package dev.orchestrator.backup;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.backup.BackupException.Kind;
import dev.orchestrator.backup.BackupHealth.Done;
import dev.orchestrator.backup.BackupHealth.Failed;
import dev.orchestrator.backup.BackupHealth.Proof;
import dev.orchestrator.backup.BackupHealth.State;
import dev.orchestrator.common.HumanText;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BackupHealthTest {
  private static final Instant NOW = Instant.parse("2026-11-27T05:00:00Z");
  private static final Done DONE =
      new Done(
          NOW.minusSeconds(7500),
          NOW.minusSeconds(7600),
          "1a2b",
          "nightly",
          1_200_000_000,
          12_000_000,
          60_000,
          "");
  private static final Failed FAILED =
      new Failed(NOW.minusSeconds(300), Kind.AWAY, "it can't be reached");

  @TempDir Path folder;

  @Test
  void aGoodBackupIsToldWithItsAge() {
    BackupHealth health = BackupHealth.NONE.begun(NOW).done(DONE);

    assertEquals(State.GOOD, health.state(NOW, null));
    assertEquals(
        "last backup 2 h 05 min ago: nightly, 1.2 GB, 12.0 MB of them new; never proven",
        health.text(NOW, null));
  }

  @Test
  void aBackupThatDidNotComeUpIsTold() {
    BackupHealth good =
        BackupHealth.NONE.done(DONE).proved(new Proof(NOW.minusSeconds(60), "1a2b", true, "ok"));
    assertEquals(State.GOOD, good.state(NOW, null));
    assertTrue(good.text(NOW, null).endsWith("; proven 1 min 00 s ago"), good.text(NOW, null));

    BackupHealth bad =
        good.proved(new Proof(NOW.minusSeconds(60), "1a2b", false, "db is unhealthy"));
    assertEquals(State.UNPROVEN, bad.state(NOW, null));
    assertTrue(
        bad.text(NOW, null)
            .startsWith(
                "backup 1a2b did not come up when it was proven 1 min 00 s ago: db is unhealthy"),
        bad.text(NOW, null));
  }

  @Test
  void aBackupThatAStopOfTheServiceHasCutOffIsTold() {
    BackupLog log = new BackupLog(folder.resolve("demo"));
    log.noteCutOff(NOW);
    assertEquals(BackupHealth.NONE, log.read());

    log.update(health -> health.begun(NOW));
    log.noteCutOff(NOW);

    assertEquals(State.FAILED, log.read().state(NOW, null));
    assertTrue(log.read().text(NOW, null).contains("the service was stopped"));
  }

  @Test
  void aFailureIsToldWithTheLastGoodOneUntilThereIsANewerOne() {
    BackupHealth health = BackupHealth.NONE.done(DONE).failed(FAILED);

    assertEquals(State.FAILED, health.state(NOW, null));
    assertTrue(health.state(NOW, null).bad());
    assertEquals(
        "the backup 5 min 00 s ago failed: it can't be reached; last backup 2 h 05 min ago:"
            + " nightly, 1.2 GB, 12.0 MB of them new",
        health.text(NOW, null));

    Done newer = new Done(NOW, NOW, "3c4d", "nightly-2", 1, 1, 1, "");
    assertEquals(State.GOOD, health.done(newer).state(NOW, null));
  }

  @Test
  void noBackupAtAllIsTold() {
    assertEquals("no backup yet", BackupHealth.NONE.text(NOW, null));
    assertEquals(State.MISSING, BackupHealth.NONE.state(NOW, null));
    assertEquals(
        "the backup 5 min 00 s ago failed: it can't be reached; no backup yet",
        BackupHealth.NONE.failed(FAILED).text(NOW, null));
  }

  @Test
  void aScheduleThatDidNotRunIsTold() {
    BackupHealth health = BackupHealth.NONE.done(DONE);
    Instant due = NOW.minusSeconds(60);

    assertEquals(State.GOOD, health.state(NOW, NOW.plusSeconds(1)));
    assertEquals(State.OVERDUE, health.state(NOW, due));
    assertEquals(
        "a backup was due at "
            + HumanText.when(due)
            + "; last backup 2 h 05 min ago: nightly, 1.2 GB,"
            + " 12.0 MB of them new",
        health.text(NOW, due));
  }

  @Test
  void theLogOutlivesTheService() throws IOException {
    BackupLog log = new BackupLog(folder.resolve("demo"));
    assertEquals(BackupHealth.NONE, log.read());

    log.update(health -> health.begun(NOW));
    assertEquals(NOW, new BackupLog(folder.resolve("demo")).read().running());

    log.update(health -> health.done(DONE));
    log.update(health -> health.failed(FAILED));
    assertEquals(
        new BackupHealth(null, DONE, FAILED, null), new BackupLog(folder.resolve("demo")).read());
    assertFalse(Files.readString(folder.resolve("demo/backup.json")).isBlank());
  }

  @Test
  void aDamagedLogKeepsNoBackupFromBeingMade() throws IOException {
    Files.writeString(folder.resolve("backup.json"), "{ \"done\": ");
    assertEquals(BackupHealth.NONE, new BackupLog(folder).read());
  }
}
