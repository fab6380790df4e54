package dev.orchestrator.settings;

import java.nio.file.Path;
import java.util.Map;

/** Where the state is, for the service and for those who look for it. */
public final class HomeFolder {
  /** Names the folder of the state, before the key {@code home}. */
  public static final String VARIABLE = "ORCHESTRATOR_HOME";

  private static final Path OF_ROOT = Path.of("/var/lib/orchestrator");

  private HomeFolder() {}

  /**
   * The variable first, then the setting, then the user's usual place.
   *
   * @param setting the key {@code home}; empty where it isn't set
   * @param folder of the configuration file: what a relative setting starts from
   */
  public static Path find(String setting, Path folder, Map<String, String> environment) {
    String variable = environment.getOrDefault(VARIABLE, "");
    if (!variable.isEmpty()) {
      return Path.of(variable).toAbsolutePath().normalize();
    }
    if (!setting.isEmpty()) {
      return SettingsFile.resolve(setting, folder, environment);
    }
    return System.getProperty("user.name").equals("root")
        ? OF_ROOT
        : SettingsFile.resolve("~/.local/state/orchestrator", folder, environment);
  }
}
