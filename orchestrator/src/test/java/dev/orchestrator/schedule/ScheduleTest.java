package dev.orchestrator.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.orchestrator.settings.Settings.ScheduleSettings;
import java.time.Instant;
import java.time.ZoneId;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** When the schedule runs next, in its time zone. */
class ScheduleTest {

  private static Optional<Instant> next(String cron, String zone, String after) {
    return Schedule.of(new ScheduleSettings(cron, ZoneId.of(zone))).nextRun(Instant.parse(after));
  }

  @ParameterizedTest
  @CsvSource({
    "'0 4 * * *', UTC, 2026-11-02T03:59:59Z, 2026-11-02T04:00:00Z",
    // The next one, not the one that is now.
    "'0 4 * * *', UTC, 2026-11-02T04:00:00Z, 2026-11-03T04:00:00Z",
    "'0 4 * * *', Europe/Berlin, 2026-11-02T04:00:00Z, 2026-11-03T03:00:00Z",
    "'30 2 * * 0', America/New_York, 2026-11-02T00:00:00Z, 2026-11-08T07:30:00Z",
    // The clocks skip 02:30 in spring: that day has no run.
    "'30 2 * * *', Europe/Berlin, 2026-03-28T12:00:00Z, 2026-03-30T00:30:00Z",
    "'30 2 * * *', Europe/Berlin, 2026-03-29T12:00:00Z, 2026-03-30T00:30:00Z",
    // 02:30 comes twice in autumn: once is enough.
    "'30 2 * * *', Europe/Berlin, 2026-10-24T12:00:00Z, 2026-10-25T00:30:00Z",
    "'30 2 * * *', Europe/Berlin, 2026-10-25T00:30:00Z, 2026-10-26T01:30:00Z",
    "'*/15 * * * *', UTC, 2026-11-02T04:01:00Z, 2026-11-02T04:15:00Z",
  })
  void runsAtItsTimeInItsZone(String cron, String zone, String after, String expected) {
    assertEquals(Optional.of(Instant.parse(expected)), next(cron, zone, after));
  }

  @Test
  void withoutAnExpressionItNeverRuns() {
    Schedule never = Schedule.of(new ScheduleSettings(null, ZoneId.of("UTC")));
    assertEquals(Optional.empty(), never.nextRun(Instant.parse("2026-11-02T04:00:00Z")));
  }
}
