package dev.orchestrator.settings;

import dev.orchestrator.settings.UpgradeSettings.VerifySettings;
import java.time.Duration;

/** Reads the section {@code upgrade} of orchestrator.conf and of a stack.conf. */
final class UpgradeReader {

  private static final Duration SHORTEST = Duration.ofMillis(1);
  private static final Duration LONGEST = Duration.ofDays(7);

  /** The rehearsal has found out what several rounds are to find out: whether it stays healthy. */
  private static final int PASSES_REHEARSED = 1;

  private static final VerifySettings NO_VERIFY =
      new VerifySettings(1, Duration.ZERO, Duration.ZERO);
  private static final UpgradeSettings NO_UPGRADE =
      new UpgradeSettings(
          Duration.ZERO,
          Duration.ZERO,
          Duration.ZERO,
          Duration.ZERO,
          Duration.ZERO,
          Duration.ZERO,
          NO_VERIFY,
          1);

  private UpgradeReader() {}

  static UpgradeSettings upgrade(SettingsSection parent, SettingsErrors errors) {
    RehearseSettings rehearse =
        parent.section("rehearse").map(UpgradeReader::rehearse).orElse(RehearseSettings.OFF);
    return parent
        .section("upgrade")
        .map(section -> readUpgrade(section, rehearse, errors))
        .orElse(NO_UPGRADE);
  }

  private static RehearseSettings rehearse(SettingsSection section) {
    RehearseSettings rehearse =
        new RehearseSettings(
            RehearseSettings.Mode.OFF,
            section.time("valid", Duration.ZERO, Duration.ofDays(365)),
            section.texts("skip-services"));
    section.rejectUnknownKeys();
    return rehearse;
  }

  private static UpgradeSettings readUpgrade(
      SettingsSection section, RehearseSettings rehearse, SettingsErrors errors) {
    int before = errors.count();
    UpgradeSettings upgrade =
        new UpgradeSettings(
            section.time("build-deadline", SHORTEST, LONGEST),
            section.time("ready-deadline", SHORTEST, LONGEST),
            section.time("pre-sync-deadline", SHORTEST, LONGEST),
            section.time("hold-budget", SHORTEST, Duration.ofHours(1)),
            section.time("drain-budget", Duration.ZERO, Duration.ofHours(1)),
            section.time("bake", Duration.ZERO, LONGEST),
            section.section("verify").map(UpgradeReader::verify).orElse(NO_VERIFY),
            section.whole("keep", 1, 100),
            backupAge(section),
            rehearse.with(section.choice("rehearse", RehearseSettings.Mode.class)),
            section.choice("one-way", UpgradeSettings.OneWay.class));
    section.rejectUnknownKeys();
    if (errors.count() == before && upgrade.drain().compareTo(upgrade.hold()) >= 0) {
      section.addError(
          section.isDefault("drain-budget") ? "hold-budget" : "drain-budget",
          "drain-budget (%s) must be less than hold-budget (%s); change one of the two"
              .formatted(ValueText.time(upgrade.drain()), ValueText.time(upgrade.hold())));
    }
    return upgrade;
  }

  private enum Backup {
    NONE,
    REQUIRED
  }

  private static Duration backupAge(SettingsSection section) {
    Duration age = section.time("backup-max-age", Duration.ofMinutes(1), Duration.ofDays(365));
    return section.choice("backup", Backup.class) == Backup.REQUIRED ? age : Duration.ZERO;
  }

  private static VerifySettings verify(SettingsSection section) {
    int passes = section.whole("passes", 1, 1000);
    VerifySettings verify =
        new VerifySettings(
            passes,
            section.isDefault("passes") ? PASSES_REHEARSED : passes,
            section.time("interval", SHORTEST, Duration.ofHours(1)),
            section.time("deadline", SHORTEST, LONGEST));
    section.rejectUnknownKeys();
    return verify;
  }
}
