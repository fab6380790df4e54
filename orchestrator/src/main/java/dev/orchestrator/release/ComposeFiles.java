package dev.orchestrator.release;

import dev.orchestrator.settings.ComposeSettings;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

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
    return Optional.ofNullable(settings.env().getOrDefault(name, EnvFile.read(folder).get(name)))
        .filter(text -> !text.isEmpty());
  }
}
