package dev.orchestrator.client;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigParseOptions;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.settings.HomeFolder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where the service of a configuration is to be found. A client reads two or three keys and leaves
 * checking the rest to the service: it starts faster, and works with a damaged stack.
 *
 * @param config the configuration file; null when there is none and {@code --home} was given
 * @param home absolute
 * @param configured the address that the configuration names, for messages
 */
public record ServiceLocation(@Nullable Path config, Path home, String configured) {
  private static final String SYSTEM_CONFIG = "/etc/orchestrator/orchestrator.conf";
  private static final String DEFAULT_ADDRESS = "127.0.0.1:7070";

  /**
   * Looks for the configuration where the command line, the environment and the installation say.
   *
   * @param root the folder that the launcher is installed in, or null
   * @throws RefusedException when a file that was named isn't there or can't be read, or none is
   *     found
   */
  public static ServiceLocation find(
      @Nullable Path config,
      @Nullable Path home,
      Map<String, String> environment,
      @Nullable Path root) {
    Path file = configFile(config, environment, root, home != null);
    if (file == null) {
      return new ServiceLocation(null, absolute(home, Path.of("")), DEFAULT_ADDRESS);
    }
    Config read = read(file);
    Path whole = file.toAbsolutePath().normalize();
    Path folder = whole.resolveSibling("").normalize();
    Path state =
        home == null
            ? HomeFolder.find(text(read, "home", ""), folder, environment)
            : absolute(home, folder);
    return new ServiceLocation(whole, state, text(read, "api.listen", DEFAULT_ADDRESS));
  }

  private static Path absolute(@Nullable Path path, Path otherwise) {
    return (path == null ? otherwise : path).toAbsolutePath().normalize();
  }

  private static @Nullable Path configFile(
      @Nullable Path named,
      Map<String, String> environment,
      @Nullable Path root,
      boolean optional) {
    if (named != null) {
      return existing(named, "--config");
    }
    String fromEnvironment = environment.getOrDefault("ORCHESTRATOR_CONFIG", "");
    if (!fromEnvironment.isEmpty()) {
      return existing(Path.of(fromEnvironment), "$ORCHESTRATOR_CONFIG");
    }
    List<Path> usual = new ArrayList<>();
    if (root != null) {
      usual.add(root.resolve("config/orchestrator.conf"));
    }
    usual.add(Path.of(SYSTEM_CONFIG));
    for (Path file : usual) {
      if (Files.isRegularFile(file)) {
        return file;
      }
    }
    if (optional) {
      return null;
    }
    throw new RefusedException(
        "no configuration found (tried %s): use --config FILE".formatted(usual));
  }

  private static Path existing(Path file, String origin) {
    if (!Files.isRegularFile(file)) {
      throw new RefusedException("%s: there is no file %s".formatted(origin, file));
    }
    if (!Files.isReadable(file)) {
      throw new RefusedException("%s: %s can't be read by this user".formatted(origin, file));
    }
    return file;
  }

  private static Config read(Path file) {
    try {
      return ConfigFactory.parseFile(
              file.toFile(), ConfigParseOptions.defaults().setAllowMissing(false))
          .resolve();
    } catch (ConfigException e) {
      throw new RefusedException("damaged configuration: " + firstLine(e), e);
    }
  }

  private static String text(Config config, String path, String otherwise) {
    try {
      return config.hasPath(path) ? config.getString(path) : otherwise;
    } catch (ConfigException e) {
      throw new RefusedException("damaged configuration: " + firstLine(e), e);
    }
  }

  private static String firstLine(ConfigException e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
  }
}
