package dev.orchestrator.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.orchestrator.report.BackupReport;
import dev.orchestrator.stack.BackupRequest;
import dev.orchestrator.testing.FakeControl;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** Scheduled backups, with a clock that the test moves. */
class AutoBackupTest {
  private static final Instant EVENING = Instant.parse("2026-11-02T20:00:00Z");
  private static final Instant NIGHT = Instant.parse("2026-11-03T03:00:00Z");
  private static final String BACKUP = "backup Run[snapshot=null, ifRequired=false]";

  private final AtomicReference<Instant> now = new AtomicReference<>(EVENING);
  private final FakeControl control = new FakeControl();
  private final Schedule schedule = Schedule.of("0 3 * * *", ZoneOffset.UTC);
  private final AutoBackup auto =
      new AutoBackup(control, BackupRequest.Run.NOW, schedule, now::get);

  private void tickAt(Instant time) {
    now.set(time);
    auto.tick();
  }

  @Test
  void makesABackupWhenItsTimeHasCome() {
    tickAt(NIGHT.minusSeconds(1));
    assertEquals(List.of(), control.calls());
    tickAt(NIGHT);
    tickAt(NIGHT.plusSeconds(1));
    assertEquals(List.of(BACKUP), control.calls());
  }

  @Test
  void waitsForWhatIsUnderWay() {
    control.refuseForNow("u7 is under way");
    tickAt(NIGHT);
    tickAt(NIGHT.plusSeconds(10));
    assertEquals(List.of(), control.calls());
    control.refuseForNow("");
    tickAt(NIGHT.plusSeconds(20));
    tickAt(NIGHT.plusSeconds(30));
    assertEquals(List.of(BACKUP), control.calls());
  }

  @Test
  void tellsWhatCouldNotBeginForAnHour() {
    control.refuseForNow("u7 is under way");
    tickAt(NIGHT);
    tickAt(NIGHT.plus(Duration.ofMinutes(59)));
    assertEquals(List.of(), control.calls());
    tickAt(NIGHT.plus(Duration.ofMinutes(60)));
    tickAt(NIGHT.plus(Duration.ofMinutes(61)));
    assertEquals(
        List.of("missed backup: it could not begin for an hour: u7 is under way"), control.calls());
  }

  @Test
  void makesUpForATimeAtWhichTheServiceWasStopped() {
    control.backupHealth =
        new BackupReport.Health(
            "/backups", "good", "", "", EVENING.minus(Duration.ofDays(2)), null, false);
    tickAt(EVENING);
    tickAt(EVENING.plusSeconds(10));
    assertEquals(List.of(BACKUP), control.calls());
  }
}
