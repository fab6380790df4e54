package dev.orchestrator.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.orchestrator.testing.FakeControl;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Scheduled upgrades of a stack with {@code upgrade.backup = required}. */
class AutoUpgradeBackupTest {
  private static final Instant EVENING = Instant.parse("2026-11-02T20:00:00Z");
  private static final Instant NIGHT = Instant.parse("2026-11-03T04:00:00Z");
  private static final String BACKUP = "backup Run[snapshot=null, ifRequired=true]";

  private final AtomicReference<Instant> now = new AtomicReference<>(EVENING);
  private final FakeControl control = new FakeControl();
  private final AutoUpgrade auto =
      new AutoUpgrade(control, Schedule.of("0 4 * * *", ZoneOffset.UTC), now::get);

  @BeforeEach
  void require() {
    control.newest = "available";
    control.backupRequired = true;
  }

  private void tickAt(Instant time) {
    now.set(time);
    auto.tick();
  }

  @Test
  void theUpgradeComesAfterItsBackup() {
    control.backupRuns = true;
    tickAt(NIGHT);
    tickAt(NIGHT.plusSeconds(600));
    assertEquals(List.of(BACKUP), control.calls(), "it waits for the backup");
    control.backupRuns = false;
    tickAt(NIGHT.plusSeconds(1200));
    tickAt(NIGHT.plusSeconds(1800));
    assertEquals(List.of(BACKUP, "upgrade v3"), control.calls(), "once");
  }

  @Test
  void withoutItsBackupThereIsNoUpgradeUntilTheNextTime() {
    control.backupFailure = "the server is away";
    tickAt(NIGHT);
    tickAt(NIGHT.plusSeconds(10));
    tickAt(NIGHT.plusSeconds(20));
    assertEquals(List.of(BACKUP), control.calls());
    control.backupFailure = "";
    tickAt(NIGHT.plusSeconds(86_400));
    tickAt(NIGHT.plusSeconds(86_410));
    assertEquals(List.of(BACKUP, BACKUP, "upgrade v3"), control.calls());
  }

  @Test
  void aBackupThatIsNewEnoughIsNotMadeAgain() {
    control.backupRequired = false;
    tickAt(NIGHT);
    assertEquals(List.of("upgrade v3"), control.calls());
  }
}
