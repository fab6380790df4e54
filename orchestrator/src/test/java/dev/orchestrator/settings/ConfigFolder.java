package dev.orchestrator.settings;

import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** A folder like {@code config/}, for tests. */
record ConfigFolder(Path folder) {

  static ConfigFolder in(Path folder, String conf, String stackConf) throws IOException {
    Files.createDirectories(folder.resolve("image"));
    Files.createDirectories(folder.resolve("stacks/demo"));
    Files.writeString(folder.resolve("orchestrator.conf"), conf);
    Files.writeString(folder.resolve("stacks/demo/stack.conf"), stackConf);
    return new ConfigFolder(folder);
  }

  Path conf() {
    return folder.resolve("orchestrator.conf");
  }

  Settings load() {
    return SettingsLoader.load(conf(), Map.of("HOME", "/home/somebody"));
  }

  /** What is said of it, the folder's own name left out. */
  String problems() {
    InvalidSettings invalid = assertThrows(InvalidSettings.class, this::load);
    return String.valueOf(invalid.getMessage()).replace(folder + "/", "");
  }
}
