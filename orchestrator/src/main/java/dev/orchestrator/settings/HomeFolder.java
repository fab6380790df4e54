package dev.orchestrator.settings;

import java.nio.file.Path;
import java.util.Map;

/** Finds the folder of the state, for the service and for commands that look for the service. */
public final class HomeFolder {
  /** The environment variable that takes precedence over the key {@code home}. */
  public static final String VARIABLE = "ORCHESTRATOR_HOME";

  private static final Path OF_ROOT = Path.of("/var/lib/orchestrator");

  private HomeFolder() {}

  /**
   * The folder that the environment variable names, else the setting, else the user's default.
   *
   * @param setting the key {@code home}; empty when it isn't set
   * @param folder of the configuration file, from which a relative setting starts
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

  /** A path of a configuration file: from its folder; {@code ~} is the user's home folder. */
  public static Path resolve(String text, Path folder, Map<String, String> environment) {
    return SettingsFile.resolve(text, folder, environment);
  }
}
