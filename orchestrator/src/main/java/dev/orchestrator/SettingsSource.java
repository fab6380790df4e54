package dev.orchestrator;

import dev.orchestrator.settings.InvalidSettingsException;
import dev.orchestrator.settings.ServiceSettings;
import dev.orchestrator.settings.ServiceSettings.StackEntry;
import dev.orchestrator.settings.Settings;
import dev.orchestrator.settings.SettingsLoader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Where the service's settings come from, and come from again at a reload. */
interface SettingsSource {

  /** The settings as they were read last. */
  ServiceSettings current();

  /**
   * Reads the settings anew.
   *
   * @param used by the folder of a stack, {@link StackEntry#source} of the settings that it uses
   * @throws InvalidSettingsException when something is wrong with orchestrator.conf itself
   */
  ServiceSettings read(Map<String, String> used);

  /**
   * The settings of a stack whose folder may be anywhere.
   *
   * @throws InvalidSettingsException with a line for each error
   */
  Settings at(Path stackFolder);

  /** Keeps the settings of a stack that could be used, for a start at which they are wrong. */
  void remember(StackEntry entry);

  /** Settings that never change, of one stack. */
  static SettingsSource of(Settings settings) {
    ServiceSettings fixed = ServiceSettings.of(settings);
    return new SettingsSource() {
      @Override
      public ServiceSettings current() {
        return fixed;
      }

      @Override
      public ServiceSettings read(Map<String, String> used) {
        return fixed;
      }

      @Override
      public Settings at(Path stackFolder) {
        throw new InvalidSettingsException("this service has one stack, which never changes");
      }

      @Override
      public void remember(StackEntry entry) {}
    };
  }

  /** Settings in files. */
  static SettingsSource of(Path config, Map<String, String> environment) {
    return new OfFiles(config, Map.copyOf(environment));
  }

  /** The implementation of {@link #of(Path, Map)}. */
  final class OfFiles implements SettingsSource {
    private static final Logger log = LoggerFactory.getLogger(SettingsSource.class);

    private final Path config;
    private final Map<String, String> environment;
    private volatile ServiceSettings current;

    OfFiles(Path config, Map<String, String> environment) {
      this.config = config;
      this.environment = environment;
      this.current = SettingsLoader.loadAll(config, environment, Map.of());
    }

    @Override
    public ServiceSettings current() {
      return current;
    }

    @Override
    public ServiceSettings read(Map<String, String> used) {
      ServiceSettings read = SettingsLoader.loadAll(config, environment, used);
      current = read;
      return read;
    }

    @Override
    public Settings at(Path stackFolder) {
      return SettingsLoader.loadAt(config, environment, stackFolder);
    }

    @Override
    public void remember(StackEntry entry) {
      try {
        SettingsLoader.remember(current.home(), entry);
      } catch (IOException e) {
        log.warn("the settings of {} could not be kept: {}", entry.folder(), e.getMessage());
      }
    }
  }
}
