package dev.orchestrator.settings;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigOrigin;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigResolveOptions;
import com.typesafe.config.ConfigResolver;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A HOCON file that was read: each {@code ${NAME}} is replaced by a value of the file itself, or of
 * the environment.
 */
record SettingsFile(Path path, Config config) {

  private static final long LARGEST = 1 << 20;

  /** Reads a file. Every failure is an {@link InvalidSettingsException} of one line. */
  static SettingsFile read(Path path, Map<String, String> env) {
    Path absolute = path.toAbsolutePath().normalize();
    String shown = displayName(absolute.toString());
    try {
      check(absolute, shown);
      Config parsed =
          ConfigFactory.parseFile(
              absolute.toFile(), ConfigParseOptions.defaults().setAllowMissing(false));
      return new SettingsFile(
          absolute,
          parsed.resolve(ConfigResolveOptions.noSystem().appendResolver(new Environment(env))));
    } catch (IOException e) {
      throw new InvalidSettingsException(
          shown + ": can't be read (" + e.getClass().getSimpleName() + "); check its owner", e);
    } catch (ConfigException e) {
      throw new InvalidSettingsException(line(e, shown), e);
    } catch (StackOverflowError e) {
      throw new InvalidSettingsException(shown + ": nested too deep; remove some brackets", e);
    }
  }

  private static void check(Path path, String shown) throws IOException {
    if (!Files.exists(path)) {
      throw new InvalidSettingsException(shown + ": there is no such file; check the path");
    }
    if (!Files.isRegularFile(path)) {
      throw new InvalidSettingsException(
          shown + ": is not a regular file; name a configuration file");
    }
    if (Files.size(path) > LARGEST) {
      throw new InvalidSettingsException(shown + ": is larger than 1 MiB; is it the right file?");
    }
    byte[] bytes = Files.readAllBytes(path);
    ByteBuffer rest = ByteBuffer.wrap(bytes);
    try {
      StandardCharsets.UTF_8.newDecoder().decode(rest);
    } catch (CharacterCodingException e) {
      int line = 1;
      for (int i = 0; i < rest.position(); i++) {
        line += bytes[i] == '\n' ? 1 : 0;
      }
      throw new InvalidSettingsException(
          shown + ":" + line + ": is not UTF-8 text; save it as UTF-8", e);
    }
  }

  /** The library's message in the form {@code file:line: what is wrong}. */
  private static String line(ConfigException failure, String shown) {
    String text = String.valueOf(failure.getMessage());
    ConfigOrigin origin = failure.origin();
    String where = shown;
    if (origin != null && origin.filename() != null) {
      text =
          text.startsWith(origin.description())
              ? text.substring(origin.description().length())
              : text;
      where =
          displayName(origin.filename())
              + (origin.lineNumber() > 0 ? ":" + origin.lineNumber() : "");
    }
    if (failure instanceof ConfigException.IO) {
      where = shown;
      String file = text.replaceFirst("^\\W+", "").replaceAll("\\b[\\w.]+Exception: ", "");
      text = "an included file can't be read: " + file;
    }
    if (failure instanceof ConfigException.UnresolvedSubstitution) {
      text += "; set it in the environment, or write ${?NAME} for a variable that may be missing";
    }
    return where
        + ": "
        + SettingsError.printable(
            text.replaceFirst("^[:\\s]+", "")
                .replaceFirst("\\. Trace: .*", "")
                .replaceAll(", or you may be able to rename the file [^)]*", ""));
  }

  Path folder() {
    return path.resolveSibling("").normalize();
  }

  String displayName() {
    return displayName(path.toString());
  }

  /** A path for a message: relative to the working directory when it is below that. */
  static String displayName(String name) {
    return displayName(Path.of(name).toAbsolutePath().normalize(), Path.of("").toAbsolutePath());
  }

  /**
   * From the root folder, where a detached service works, a relative path looks like a wrong one.
   */
  static String displayName(Path path, Path here) {
    boolean below = path.startsWith(here) && !path.equals(here) && here.getNameCount() > 0;
    return (below ? here.relativize(path) : path).toString();
  }

  /** Resolves a path of this file: from its folder; {@code ~} is the user's home folder. */
  Path resolve(String text, Map<String, String> env) {
    return resolve(text, folder(), env);
  }

  static Path resolve(String text, Path folder, Map<String, String> env) {
    if (text.equals("~") || text.startsWith("~/")) {
      String home = env.getOrDefault("HOME", System.getProperty("user.home"));
      return Path.of(home + text.substring(1)).toAbsolutePath().normalize();
    }
    return folder.resolve(text).normalize();
  }

  private record Environment(Map<String, String> variables) implements ConfigResolver {
    @Override
    public @Nullable ConfigValue lookup(String name) {
      String value = variables.get(name);
      return value == null
          ? null
          : ConfigValueFactory.fromAnyRef(value, "environment variable " + name);
    }

    @Override
    public ConfigResolver withFallback(ConfigResolver fallback) {
      return this;
    }
  }
}
