package dev.orchestrator.schedule;

import com.cronutils.model.CronType;
import com.cronutils.model.definition.CronDefinitionBuilder;
import com.cronutils.model.time.ExecutionTime;
import com.cronutils.parser.CronParser;
import dev.orchestrator.settings.Settings.ScheduleSettings;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The times of scheduled upgrades or snapshots: a cron expression of five fields in a time zone, or
 * never. A time that the change of clocks skips has no run that day; a time that comes twice has
 * one run.
 */
public final class Schedule {
  private final @Nullable ExecutionTime executionTimes;
  private final ZoneId zone;

  private Schedule(@Nullable ExecutionTime executionTimes, ZoneId zone) {
    this.executionTimes = executionTimes;
    this.zone = zone;
  }

  /** The schedule of upgrades, whose expression was checked when the settings were loaded. */
  public static Schedule of(ScheduleSettings settings) {
    return of(settings.upgrade(), settings.zone());
  }

  /**
   * The schedule of a cron expression that was checked when the settings were loaded.
   *
   * @param cron null for never
   */
  public static Schedule of(@Nullable String cron, ZoneId zone) {
    return new Schedule(
        cron == null
            ? null
            : ExecutionTime.forCron(
                new CronParser(CronDefinitionBuilder.instanceDefinitionFor(CronType.UNIX))
                    .parse(cron)),
        zone);
  }

  /** The first time after an instant; empty for never. */
  public Optional<Instant> nextRun(Instant after) {
    return executionTimes == null
        ? Optional.empty()
        : executionTimes
            .nextExecution(ZonedDateTime.ofInstant(after, zone))
            .map(ZonedDateTime::toInstant)
            .filter(next -> next.isAfter(after));
  }
}
