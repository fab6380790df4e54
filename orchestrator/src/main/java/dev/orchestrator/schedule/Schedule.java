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
 * When updates run: a cron expression of five fields in a time zone, or never. A time that the
 * clocks skip in spring has no run that day, one that comes twice in autumn has one.
 */
public final class Schedule {
  private final @Nullable ExecutionTime times;
  private final ZoneId zone;

  private Schedule(@Nullable ExecutionTime times, ZoneId zone) {
    this.times = times;
    this.zone = zone;
  }

  /** The settings have been checked: an expression that is none can't get here. */
  public static Schedule of(ScheduleSettings settings) {
    String cron = settings.upgrade();
    return new Schedule(
        cron == null
            ? null
            : ExecutionTime.forCron(
                new CronParser(CronDefinitionBuilder.instanceDefinitionFor(CronType.UNIX))
                    .parse(cron)),
        settings.zone());
  }

  /** The first run after an instant; empty for never. */
  public Optional<Instant> nextRun(Instant after) {
    return times == null
        ? Optional.empty()
        : times
            .nextExecution(ZonedDateTime.ofInstant(after, zone))
            .map(ZonedDateTime::toInstant)
            .filter(next -> next.isAfter(after));
  }
}
