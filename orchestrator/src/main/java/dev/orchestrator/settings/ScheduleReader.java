package dev.orchestrator.settings;

import dev.orchestrator.settings.Settings.ScheduleSettings;
import java.time.DateTimeException;
import java.time.ZoneId;
import java.util.Optional;

/** Reads the section {@code schedule} of orchestrator.conf or of a stack.conf. */
final class ScheduleReader {
  private ScheduleReader() {}

  static ScheduleSettings read(SettingsSection parent) {
    return parent
        .section("schedule")
        .map(ScheduleReader::schedule)
        .orElse(new ScheduleSettings(null, ZoneId.systemDefault()));
  }

  private static ScheduleSettings schedule(SettingsSection section) {
    String cron = section.text("upgrade");
    if (!cron.isEmpty()) {
      section.parsed("upgrade", cron, CronExpressions::check);
    }
    String zone = section.text("zone");
    Optional<ZoneId> found =
        zone.isEmpty()
            ? Optional.of(ZoneId.systemDefault())
            : section.parsed("zone", zone, ScheduleReader::zone);
    section.rejectUnknownKeys();
    return new ScheduleSettings(cron.isEmpty() ? null : cron, found.orElse(ZoneId.of("UTC")));
  }

  private static ZoneId zone(String text) {
    try {
      return ZoneId.of(text);
    } catch (DateTimeException e) {
      throw new IllegalArgumentException(
          "\"%s\" is not a time zone; %s"
              .formatted(
                  text,
                  SpellingSuggestion.near(
                      text,
                      ZoneId.getAvailableZoneIds(),
                      "write for example Europe/Berlin or UTC")),
          e);
    }
  }
}
