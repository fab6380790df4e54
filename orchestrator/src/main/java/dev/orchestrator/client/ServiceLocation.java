package dev.orchestrator.client;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigParseOptions;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.settings.HomeFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where a client finds the service: its configuration file, home folder and API address. A client
 * reads only the two or three keys that it needs, and leaves checking the others to the service:
 * the client starts faster, and works while the stack's settings are damaged.
 *
 * @param config the configuration file; null when {@code --home} was given and no file was found
 * @param home the home folder, absolute
 * @param configured the API's address in the configuration, {@code host:port}
 * @param stacksFolder the folder of the stacks; null when there is no configuration
 * @param stack the stack that commands are for; null leaves it to the service, which may have one
 *     alone
 */
public record ServiceLocation(
    @Nullable Path config,
    Path home,
    String configured,
    @Nullable Path stacksFolder,
    @Nullable String stack) {
  /** The environment variable with the name of the stack. */
  public static final String STACK_VARIABLE = "ORCHESTRATOR_STACK";

  private static final String SYSTEM_CONFIG = "/etc/orchestrator/orchestrator.conf";
  private static final String DEFAULT_ADDRESS = "127.0.0.1:7070";

  /** The location of a service whose only stack commands are for. */
  public ServiceLocation(@Nullable Path config, Path home, String configured) {
    this(config, home, configured, null, null);
  }

  /**
   * The same for a stack: the one that is named, else the one of the environment, else the one
   * whose folder the working directory is in.
   *
   * @param named by the command line, or null
   */
  public ServiceLocation forStack(
      @Nullable String named, Map<String, String> environment, Path workingDirectory) {
    String wanted = named == null ? environment.getOrDefault(STACK_VARIABLE, "") : named;
    if (wanted.isEmpty() && stacksFolder != null) {
      wanted = stackAround(workingDirectory, stacksFolder);
    }
    return new ServiceLocation(
        config, home, configured, stacksFolder, wanted.isEmpty() ? null : wanted);
  }

  private static String stackAround(Path directory, Path stacks) {
    try {
      Path inside = stacks.toRealPath().relativize(directory.toRealPath());
      String first = inside.getName(0).toString();
      return first.equals("..") || !Files.isRegularFile(stacks.resolve(first).resolve("stack.conf"))
          ? ""
          : first;
    } catch (IOException e) {
      return ""; // No folder of stacks: the service says more than a client could.
    }
  }

  /**
   * Looks for the configuration file on the command line, in the environment, in the installation
   * and in /etc, in this order.
   *
   * @param root folder of the installation that the launcher belongs to, or null
   * @throws RefusedException when a named file does not exist or can't be read, or none is found
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
    Config settings = read(file);
    Path absoluteFile = file.toAbsolutePath().normalize();
    Path folder = absoluteFile.resolveSibling("").normalize();
    Path homeFolder =
        home == null
            ? HomeFolder.find(text(settings, "home", ""), folder, environment)
            : absolute(home, folder);
    Path stacks =
        HomeFolder.resolve(text(settings, "stacks-folder", "stacks"), folder, environment);
    return new ServiceLocation(
        absoluteFile, homeFolder, text(settings, "api.listen", DEFAULT_ADDRESS), stacks, null);
  }

  private static Path absolute(@Nullable Path path, Path fallback) {
    return (path == null ? fallback : path).toAbsolutePath().normalize();
  }

  private static @Nullable Path configFile(
      @Nullable Path named,
      Map<String, String> environment,
      @Nullable Path root,
      boolean mayBeMissing) {
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
    if (mayBeMissing) {
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

  private static String text(Config config, String path, String fallback) {
    try {
      return config.hasPath(path) ? config.getString(path) : fallback;
    } catch (ConfigException e) {
      throw new RefusedException("damaged configuration: " + firstLine(e), e);
    }
  }

  private static String firstLine(ConfigException e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
  }
}
