package dev.orchestrator.release;

import dev.orchestrator.settings.ComposeSettings;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Which files of a release are its compose files, as Compose finds them in the current folder:
 * those of {@code compose-files} (Compose's {@code --file}), those of the variable {@code
 * COMPOSE_FILE}, or else the first of the usual names and its override file. Compose itself reads
 * the variable when it reads the release; here the names are for messages and checks.
 *
 * @param names relative to the release's folder, in Compose's order; empty when there are none
 * @param source where the names come from, for a message; empty for the usual names
 */
record ComposeFiles(List<String> names, String source) {
  /** The usual names, in Compose's order. */
  static final List<String> USUAL =
      List.of("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml");

  private static final List<String> OVERRIDES =
      List.of(
          "compose.override.yml",
          "compose.override.yaml",
          "docker-compose.override.yml",
          "docker-compose.override.yaml");
  private static final Pattern LINE =
      Pattern.compile("\\s*(?:export\\s+)?(?<name>\\w+)\\s*[=:]\\s*(?<value>.*?)\\s*");
  private static final Pattern QUOTED = Pattern.compile("(?<quote>[\"'])(?<text>.*?)\\k<quote>.*");
  private static final long ENV_LIMIT = 1 << 20;

  /** The compose files of a folder. */
  static ComposeFiles of(Path folder, ComposeSettings settings) {
    if (!settings.files().isEmpty()) {
      return new ComposeFiles(settings.files(), "compose-files in stack.conf");
    }
    Optional<String> named = variable(folder, settings, "COMPOSE_FILE");
    if (named.isPresent()) {
      String separator = variable(folder, settings, "COMPOSE_PATH_SEPARATOR").orElse(":");
      List<String> names =
          List.of(named.get().split(Pattern.quote(separator), -1)).stream()
              .filter(name -> !name.isBlank())
              .map(name -> relative(name.strip()))
              .toList();
      return new ComposeFiles(
          names,
          settings.env().containsKey("COMPOSE_FILE")
              ? "COMPOSE_FILE in env of stack.conf"
              : "COMPOSE_FILE in .env");
    }
    List<String> names = new ArrayList<>();
    first(folder, USUAL)
        .ifPresent(file -> {
          names.add(file);
          first(folder, OVERRIDES).ifPresent(names::add);
        });
    return new ComposeFiles(List.copyOf(names), "");
  }

  /** Whether a folder is a release: it has one of its compose files at least. */
  boolean areIn(Path folder) {
    return names.stream().anyMatch(name -> name.contains("$") || isThere(folder, name));
  }

  /** The files that are not in the folder. A name with a variable in it is left to Compose. */
  List<String> missing(Path folder) {
    return names.stream().filter(name -> !name.contains("$") && !isThere(folder, name)).toList();
  }

  private static boolean isThere(Path folder, String name) {
    try {
      return !Path.of(name).isAbsolute() && Files.isRegularFile(folder.resolve(name));
    } catch (InvalidPathException e) {
      return false;
    }
  }

  private static Optional<String> first(Path folder, List<String> names) {
    return names.stream().filter(name -> isThere(folder, name)).findFirst();
  }

  private static String relative(String name) {
    return name.startsWith("./") ? name.substring(2) : name;
  }

  private static Optional<String> variable(Path folder, ComposeSettings settings, String name) {
    String value = settings.env().get(name);
    if (value == null) {
      value = fromEnvFile(folder.resolve(".env"), name);
    }
    return Optional.ofNullable(value).filter(text -> !text.isEmpty());
  }

  /** The last value that the file gives the variable, as Compose reads it. */
  private static @Nullable String fromEnvFile(Path file, String name) {
    String found = null;
    try {
      if (!Files.isRegularFile(file) || Files.size(file) > ENV_LIMIT) {
        return null;
      }
      for (String line : Files.readString(file, StandardCharsets.ISO_8859_1).lines().toList()) {
        Matcher matcher = LINE.matcher(line);
        if (matcher.matches() && matcher.group("name").equals(name)) {
          String value = matcher.group("value");
          Matcher quoted = QUOTED.matcher(value);
          found = quoted.matches() ? quoted.group("text") : value.replaceFirst("(^|\\s+)#.*", "");
        }
      }
    } catch (IOException e) {
      // Compose says it when it reads the file.
      return null;
    }
    return found;
  }
}
