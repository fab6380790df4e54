package dev.orchestrator.settings;

import dev.orchestrator.settings.DataSettings.Quiesce;
import dev.orchestrator.settings.SnapshotSettings.BeforeUpgrade;
import dev.orchestrator.settings.SnapshotSettings.Keep;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Reads the section {@code snapshots} of orchestrator.conf and of a stack.conf. */
final class SnapshotReader {
  private static final int MOST = 1000;
  private static final Duration LONGEST = Duration.ofDays(36_500);

  private SnapshotReader() {}

  static SnapshotSettings read(SettingsSection parent) {
    return parent
        .section("snapshots")
        .map(SnapshotReader::snapshots)
        .orElse(SnapshotSettings.DEFAULT);
  }

  private static SnapshotSettings snapshots(SettingsSection section) {
    SnapshotSettings snapshots =
        new SnapshotSettings(
            section.choice("quiesce", Quiesce.class),
            section.choice("before-upgrade", BeforeUpgrade.class),
            cron(section, "schedule"),
            cron(section, "prove"),
            new Keep(
                section.whole("keep", 1, MOST),
                section.whole("daily", 0, MOST),
                section.whole("weekly", 0, MOST),
                section.whole("monthly", 0, MOST),
                section.time("max-age", Duration.ZERO, LONGEST)),
            new Keep(
                section.whole("set-aside-keep", 1, MOST),
                0,
                0,
                0,
                section.time("set-aside-max-age", Duration.ZERO, LONGEST)));
    section.rejectUnknownKeys();
    return snapshots;
  }

  /** A cron expression; null where the key is empty. */
  private static @Nullable String cron(SettingsSection section, String key) {
    String cron = section.text(key);
    if (cron.isEmpty()) {
      return null;
    }
    section.parsed(key, cron, CronExpressions::check);
    return cron;
  }
}
