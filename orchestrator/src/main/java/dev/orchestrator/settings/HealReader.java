package dev.orchestrator.settings;

/** Reads the section {@code heal} of orchestrator.conf and of a stack.conf. */
final class HealReader {
  private HealReader() {}

  private enum Restart {
    SERVICE,
    NOTHING
  }

  /** After how many unhealthy looks a service is restarted; 0: never. */
  static int after(SettingsSection parent) {
    return parent.section("heal").map(HealReader::read).orElse(StackSettings.HEAL_AFTER);
  }

  private static int read(SettingsSection section) {
    int after = section.whole("after", 1, 1000);
    Restart restart = section.choice("restart", Restart.class);
    section.rejectUnknownKeys();
    return restart == Restart.SERVICE ? after : 0;
  }
}
