package dev.orchestrator.adopt;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.compose.YamlNodes;
import dev.orchestrator.engine.ContainerDetails;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.release.EnvFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.ScalarNode;

/** Finds the compose projects of the engine, by the labels that Compose gives its containers. */
final class ProjectFinder {
  /** The names that Compose looks for in a folder, in its order, and those that go with them. */
  private static final List<String> USUAL =
      List.of("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml");

  private static final List<String> OVERRIDES =
      List.of(
          "compose.override.yml",
          "compose.override.yaml",
          "docker-compose.override.yml",
          "docker-compose.override.yaml");

  private final Engine engine;

  ProjectFinder(Engine engine) {
    this.engine = engine;
  }

  /** All projects of the engine, in the order of their names. */
  List<Project> all() {
    return of(engine.containerDetails(ComposeLabels.PROJECT));
  }

  /** The projects that containers belong to. */
  static List<Project> of(List<ContainerDetails> containers) {
    Map<String, List<ContainerDetails>> byName = new TreeMap<>();
    for (ContainerDetails container : containers) {
      if (!container.label(ComposeLabels.PROJECT).isEmpty()
          && !container.label(ComposeLabels.ONE_OFF).equalsIgnoreCase("true")) {
        byName
            .computeIfAbsent(container.label(ComposeLabels.PROJECT), key -> new ArrayList<>())
            .add(container);
      }
    }
    List<Project> projects = new ArrayList<>();
    byName.forEach((name, members) -> {
      members.sort(Comparator.comparing(Project::service).thenComparingInt(Project::number));
      // Compose writes the labels anew when it makes a container anew: those that run tell more.
      List<ContainerDetails> telling = new ArrayList<>(members);
      telling.sort(Comparator.comparing(member -> !member.running()));
      Path folder = path(first(telling, ComposeLabels.FOLDER));
      projects.add(
          new Project(
              name,
              folder,
              paths(folder, first(telling, ComposeLabels.FILES)),
              paths(folder, first(telling, ComposeLabels.ENV_FILES)),
              members,
              // Not by the other labels, which containers have from images that we built.
              members.stream()
                  .filter(member -> member.labels().containsKey(Labels.HOME))
                  .map(member ->
                      member.label(Labels.STACK).isEmpty() ? name : member.label(Labels.STACK))
                  .findFirst()
                  .orElse("")));
    });
    return List.copyOf(projects);
  }

  /**
   * The project of that name, or of that folder or compose file.
   *
   * @throws RefusedException when there is none
   */
  Project find(String nameOrFolder) {
    List<Project> all = all();
    Optional<Project> named =
        all.stream().filter(project -> project.name().equals(nameOrFolder)).findFirst();
    if (named.isPresent()) {
      return named.get();
    }
    Path folder = folder(nameOrFolder);
    if (folder != null) {
      List<Project> there = all.stream().filter(isIn(folder)).toList();
      if (there.size() == 1) {
        return there.getFirst();
      }
      if (there.size() > 1) {
        throw new RefusedException(
            "%s has several projects that run: %s; name one of them"
                .formatted(folder, String.join(", ", there.stream().map(Project::name).toList())));
      }
      throw new RefusedException(
          "the project in %s has no containers on this engine: start it with 'docker compose up -d', or use 'orchestrator init %s' for a project that has never run"
              .formatted(folder, nameOrFolder));
    }
    throw new RefusedException(
        "no project %s has containers on this engine; there %s"
            .formatted(
                nameOrFolder.replaceAll("\\p{Cntrl}", "?"),
                all.isEmpty()
                    ? "is none at all"
                    : "are: " + String.join(", ", all.stream().map(Project::name).toList())));
  }

  /**
   * A folder as a project that was never started, with the files that Compose itself would take.
   *
   * @param files in place of those
   * @throws RefusedException when it has no compose file
   */
  static Project folder(Path dir, List<Path> files) {
    Path folder = dir.toAbsolutePath().normalize();
    if (!Files.isDirectory(folder)) {
      throw new RefusedException(
          "%s is not a folder: name the folder that has the compose file".formatted(folder));
    }
    Map<String, String> env = EnvFile.read(folder);
    List<Path> found = files.isEmpty() ? taken(folder, env) : files;
    if (found.isEmpty()) {
      throw new RefusedException(
          "%s has no compose file: it would be named %s"
              .formatted(folder, String.join(", ", USUAL)));
    }
    for (Path file : found) {
      if (!Files.isRegularFile(file)) {
        throw new RefusedException("%s is not a file: name the compose file".formatted(file));
      }
    }
    return new Project(name(folder, found, env), folder, found, List.of(), List.of(), "");
  }

  /** The files that Compose takes in a folder: those of a variable, or those of the usual names. */
  private static List<Path> taken(Path folder, Map<String, String> env) {
    String named = env.getOrDefault("COMPOSE_FILE", "");
    String separator = env.getOrDefault("COMPOSE_PATH_SEPARATOR", ":");
    return named.isEmpty()
        ? usual(folder)
        : Arrays.stream(named.split(Pattern.quote(separator), -1))
            .filter(part -> !part.isBlank())
            .map(part -> folder.resolve(part.strip()).normalize())
            .toList();
  }

  /** The name that Compose gives a project in a folder. */
  private static String name(Path folder, List<Path> files, Map<String, String> env) {
    List<String> names = new ArrayList<>();
    for (Path file : files) {
      try {
        for (Node document : YamlNodes.parse(Files.readString(file))) {
          YamlNodes.visit(
              document,
              "name",
              (_, _, value) -> {
                if (value instanceof ScalarNode scalar) {
                  names.add(Template.of(scalar.getValue()).resolve(env));
                }
              });
        }
      } catch (IOException | YAMLException e) {
        // Compose says it.
      }
    }
    String name = env.getOrDefault("COMPOSE_PROJECT_NAME", names.isEmpty() ? "" : names.getLast());
    return name.isBlank() ? projectName(folder) : name;
  }

  /** The files that Compose takes in a folder where nobody names others. */
  static List<Path> usual(Path folder) {
    List<Path> found = new ArrayList<>();
    first(folder, USUAL)
        .ifPresent(file -> {
          found.add(file);
          first(folder, OVERRIDES).ifPresent(found::add);
        });
    return List.copyOf(found);
  }

  /** The name that Compose gives a project by its folder. */
  static String projectName(Path folder) {
    String name =
        String.valueOf(folder.getFileName())
            .toLowerCase(Locale.ROOT)
            .replaceAll("[^a-z0-9_-]", "")
            .replaceFirst("^[_-]+", "");
    return name.isEmpty() ? "stack" : name;
  }

  private static Optional<Path> first(Path folder, List<String> names) {
    return names.stream().map(folder::resolve).filter(Files::isRegularFile).findFirst();
  }

  private static Predicate<Project> isIn(Path folder) {
    return project ->
        project.folder() != null
            && (real(project.folder()).equals(real(folder))
                || project.files().stream().anyMatch(file -> real(file).equals(real(folder))));
  }

  private static Path real(Path path) {
    try {
      return path.toRealPath();
    } catch (IOException e) {
      return path.toAbsolutePath().normalize();
    }
  }

  /** The folder or file that a text names, if it is there. */
  private static @Nullable Path folder(String text) {
    try {
      Path path = Path.of(text).toAbsolutePath().normalize();
      return Files.exists(path) ? path : null;
    } catch (InvalidPathException e) {
      return null;
    }
  }

  private static String first(List<ContainerDetails> containers, String label) {
    return containers.stream()
        .map(container -> container.label(label))
        .filter(text -> !text.isEmpty())
        .findFirst()
        .orElse("");
  }

  private static @Nullable Path path(String text) {
    try {
      return text.startsWith("/") ? Path.of(text).normalize() : null;
    } catch (InvalidPathException e) {
      return null;
    }
  }

  /** Absolute paths; Compose's version 1 writes them relative to the project's folder. */
  private static List<Path> paths(@Nullable Path folder, String text) {
    List<Path> paths = new ArrayList<>();
    Arrays.stream(text.split(",", -1))
        .filter(part -> !part.isBlank())
        .forEach(part -> {
          Path absolute = path(part);
          if (absolute != null) {
            paths.add(absolute);
          } else if (folder != null) {
            paths.add(folder.resolve(part).normalize());
          }
        });
    return List.copyOf(paths);
  }
}
