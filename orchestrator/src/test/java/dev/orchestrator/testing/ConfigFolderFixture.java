package dev.orchestrator.testing;

import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.orchestrator.settings.InvalidSettingsException;
import dev.orchestrator.settings.Settings;
import dev.orchestrator.settings.SettingsLoader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** A folder like {@code config/}, for tests. */
public record ConfigFolderFixture(Path folder) {

  public static ConfigFolderFixture in(Path folder, String conf, String stackConf)
      throws IOException {
    Files.createDirectories(folder.resolve("image"));
    Files.createDirectories(folder.resolve("stacks/demo"));
    Files.writeString(folder.resolve("orchestrator.conf"), conf);
    Files.writeString(folder.resolve("stacks/demo/stack.conf"), stackConf);
    return new ConfigFolderFixture(folder);
  }

  public Path conf() {
    return folder.resolve("orchestrator.conf");
  }

  public Settings load() {
    return SettingsLoader.load(conf(), Map.of("HOME", "/home/somebody"));
  }

  /** The errors of the settings, without the folder's path. */
  public String problems() {
    InvalidSettingsException invalid = assertThrows(InvalidSettingsException.class, this::load);
    return String.valueOf(invalid.getMessage()).replace(folder + "/", "");
  }
}
