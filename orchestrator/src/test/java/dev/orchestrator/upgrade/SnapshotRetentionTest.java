package dev.orchestrator.upgrade;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.orchestrator.journal.SnapshotRecord;
import dev.orchestrator.journal.SnapshotRecord.Reason;
import dev.orchestrator.settings.DataSettings.Quiesce;
import dev.orchestrator.settings.SnapshotSettings;
import dev.orchestrator.settings.SnapshotSettings.BeforeUpgrade;
import dev.orchestrator.settings.SnapshotSettings.Keep;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Which snapshots stay, by count, by day, week and month, and by age. */
class SnapshotRetentionTest {
  private static final ZoneId BERLIN = ZoneId.of("Europe/Berlin");
  private static final Instant NOW = Instant.parse("2026-11-27T12:00:00Z");

  private final List<SnapshotRecord> all = new ArrayList<>();

  private void add(Reason reason, String... times) {
    for (String time : times) {
      all.add(
          new SnapshotRecord(
              reason.text() + " " + time,
              all.size() + 1,
              reason,
              Instant.parse(time),
              0,
              0,
              0,
              ""));
    }
  }

  private List<String> stay(Keep made, Keep setAside) {
    SnapshotSettings settings =
        new SnapshotSettings(Quiesce.FREEZE, BeforeUpgrade.AUTO, null, null, made, setAside);
    List<SnapshotRecord> gone = new SnapshotRetention(settings, BERLIN).surplus(all, NOW);
    return all.stream()
        .filter(snapshot -> !gone.contains(snapshot))
        .map(snapshot -> snapshot.created().toString())
        .toList();
  }

  private static Keep keep(int last, int daily, int weekly, int monthly) {
    return new Keep(last, daily, weekly, monthly, Duration.ZERO);
  }

  @Test
  void theLastStay() {
    add(Reason.SCHEDULE, "2026-11-25T03:00:00Z", "2026-11-26T03:00:00Z", "2026-11-27T03:00:00Z");
    assertEquals(
        List.of("2026-11-26T03:00:00Z", "2026-11-27T03:00:00Z"),
        stay(keep(2, 0, 0, 0), keep(1, 0, 0, 0)));
  }

  @Test
  void theNewestOfEachDayStaysInTheTimeZoneOfTheSettings() {
    add(
        Reason.SCHEDULE,
        "2026-11-24T10:00:00Z",
        "2026-11-25T10:00:00Z",
        "2026-11-25T22:30:00Z",
        "2026-11-25T23:30:00Z", // the 26th in Berlin
        "2026-11-26T10:00:00Z");
    assertEquals(
        List.of("2026-11-24T10:00:00Z", "2026-11-25T22:30:00Z", "2026-11-26T10:00:00Z"),
        stay(keep(1, 3, 0, 0), keep(1, 0, 0, 0)));
  }

  @Test
  void daysWithoutASnapshotDoNotCount() {
    add(Reason.SCHEDULE, "2026-09-01T10:00:00Z", "2026-10-01T10:00:00Z", "2026-11-01T10:00:00Z");
    assertEquals(
        List.of("2026-10-01T10:00:00Z", "2026-11-01T10:00:00Z"),
        stay(keep(1, 2, 0, 0), keep(1, 0, 0, 0)));
  }

  @Test
  void weeksAreThoseOfTheCalendarAlsoAtTheTurnOfTheYear() {
    add(
        Reason.SCHEDULE,
        "2025-12-28T10:00:00Z", // a Sunday: week 52
        "2025-12-29T10:00:00Z", // a Monday: week 1 of 2026
        "2026-01-02T10:00:00Z");
    assertEquals(
        List.of("2025-12-28T10:00:00Z", "2026-01-02T10:00:00Z"),
        stay(keep(1, 0, 2, 0), keep(1, 0, 0, 0)));
  }

  @Test
  void monthsStayBesideDays() {
    add(
        Reason.SCHEDULE,
        "2026-09-05T10:00:00Z",
        "2026-09-30T10:00:00Z",
        "2026-10-31T10:00:00Z",
        "2026-11-26T10:00:00Z",
        "2026-11-27T10:00:00Z");
    assertEquals(
        List.of(
            "2026-09-30T10:00:00Z",
            "2026-10-31T10:00:00Z",
            "2026-11-26T10:00:00Z",
            "2026-11-27T10:00:00Z"),
        stay(keep(1, 2, 0, 3), keep(1, 0, 0, 0)));
  }

  @Test
  void whatIsTooOldGoesWhateverKeepsIt() {
    add(Reason.SCHEDULE, "2026-11-01T10:00:00Z", "2026-11-26T10:00:00Z");
    assertEquals(
        List.of("2026-11-26T10:00:00Z"),
        stay(new Keep(9, 9, 9, 9, Duration.ofDays(7)), keep(1, 0, 0, 0)));
  }

  @Test
  void whatAPersonMadeAlwaysStays() {
    add(Reason.MANUAL, "2020-01-01T10:00:00Z", "2020-01-02T10:00:00Z");
    assertEquals(
        List.of("2020-01-01T10:00:00Z", "2020-01-02T10:00:00Z"),
        stay(new Keep(1, 0, 0, 0, Duration.ofDays(1)), new Keep(1, 0, 0, 0, Duration.ofDays(1))));
  }

  @Test
  void whatWasSetAsideHasNumbersOfItsOwn() {
    add(Reason.SET_ASIDE, "2026-11-01T10:00:00Z", "2026-11-02T10:00:00Z");
    add(Reason.BEFORE_RESTORE, "2026-11-03T10:00:00Z");
    add(Reason.BEFORE_UPGRADE, "2026-11-04T10:00:00Z", "2026-11-05T10:00:00Z");
    assertEquals(
        List.of("2026-11-02T10:00:00Z", "2026-11-03T10:00:00Z", "2026-11-05T10:00:00Z"),
        stay(keep(1, 0, 0, 0), keep(2, 0, 0, 0)));
  }
}
