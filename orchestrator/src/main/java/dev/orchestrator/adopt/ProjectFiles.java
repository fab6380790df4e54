package dev.orchestrator.adopt;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.compose.YamlNodes;
import dev.orchestrator.release.EnvFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.ScalarNode;

/**
 * The files that Compose reads of a project: the compose files, those that they include and extend,
 * {@code .env} and env files. Reads them when it is made.
 */
final class ProjectFiles {
  private static final long LIMIT = 1 << 20;
  private static final int MOST = 200;
  private static final List<String> ENV_FILES =
      List.of(
          "services.*.env_file",
          "services.*.env_file.[]",
          "services.*.env_file.[].path",
          "services.*.label_file",
          "services.*.label_file.[]",
          "include.[].env_file",
          "include.[].env_file.[]");
  private static final List<String> INCLUDES =
      List.of("include.[]", "include.[].path", "include.[].path.[]");

  /** A text of a compose file that names another file. */
  record Reference(SourceFile file, ScalarNode text, Path path) {}

  private final Path folder;
  private final Map<String, String> variables;
  private final Map<Path, SourceFile> compose = new LinkedHashMap<>();
  private final Map<Path, byte[]> contents = new LinkedHashMap<>();
  private final List<Reference> references = new ArrayList<>();

  private ProjectFiles(Path folder, Map<String, String> variables) {
    this.folder = folder;
    this.variables = variables;
  }

  /**
   * Reads a project's files.
   *
   * @param shell variables of the shell, over those of {@code .env}
   * @throws RefusedException when a compose file can't be read
   */
  static ProjectFiles read(
      Path folder, List<Path> files, List<Path> envFiles, Map<String, String> shell) {
    Map<String, String> variables = new TreeMap<>();
    List<Path> env = envFiles.isEmpty() ? List.of(folder.resolve(".env")) : envFiles;
    env.forEach(file -> variables.putAll(EnvFile.of(file)));
    variables.putAll(shell);
    variables.putIfAbsent("PWD", folder.toString());
    ProjectFiles read = new ProjectFiles(folder, variables);
    env.forEach(read::add);
    for (Path file : files) {
      read.require(file);
      read.compose(file, folder, true);
    }
    return read;
  }

  private void require(Path file) {
    try {
      if (Files.size(file) > LIMIT) {
        throw new RefusedException(
            "%s is larger than 1 MiB; is it a compose file?".formatted(file));
      }
      byte[] _ = Files.readAllBytes(file);
    } catch (IOException e) {
      throw new RefusedException(
          "%s can't be read (%s): run this as a user who may read it"
              .formatted(file, e.getClass().getSimpleName()),
          e);
    }
  }

  /** Adds a file that Compose's message names as missing; tells whether there is one. */
  boolean addMissing(String message) {
    boolean added = false;
    for (String word : message.split("[\\s\"':;,]+", -1)) {
      if (word.startsWith("/")) {
        try {
          Path path = Path.of(word).normalize();
          added |= !contents.containsKey(path) && add(path);
        } catch (InvalidPathException e) {
          // It is no path.
        }
      }
    }
    return added;
  }

  Path folder() {
    return folder;
  }

  /** The compose files, those that were included and extended too. */
  List<SourceFile> compose() {
    return List.copyOf(compose.values());
  }

  /** All files by their paths on the host. */
  Map<Path, byte[]> contents() {
    return contents;
  }

  /** The texts of compose files that name other files which are there. */
  List<Reference> references() {
    return references;
  }

  /** The variables as far as they are known: of {@code .env} and of the shell. */
  Map<String, String> variables() {
    return variables;
  }

  /** The names of all variables in the compose files. */
  Set<String> variableNames() {
    Set<String> names = new TreeSet<>();
    compose
        .values()
        .forEach(file -> names.addAll(Template.of(withoutComments(file.text())).names()));
    return names;
  }

  private static String withoutComments(String text) {
    return text.replaceAll("(?m)^\\s*#.*$", "");
  }

  /** The path that a text of a compose file names, with the variables' values. */
  Optional<Path> path(SourceFile file, String text) {
    String resolved = Template.of(text).resolve(variables);
    if (resolved.equals("~") || resolved.startsWith("~/")) {
      resolved = variables.getOrDefault("HOME", "~") + resolved.substring(1);
    }
    try {
      return resolved.isBlank() || resolved.startsWith("~")
          ? Optional.empty()
          : Optional.of(file.base().resolve(resolved).normalize());
    } catch (InvalidPathException e) {
      return Optional.empty();
    }
  }

  private void compose(Path path, Path base, boolean main) {
    Path file = path.normalize();
    if (compose.containsKey(file) || compose.size() >= MOST || !add(file)) {
      return;
    }
    String text = new String(contents.getOrDefault(file, new byte[0]), StandardCharsets.UTF_8);
    List<Node> documents;
    try {
      documents = YamlNodes.parse(text);
    } catch (YAMLException e) {
      documents = List.of(); // Compose says it
    }
    SourceFile source = new SourceFile(file, base, main, text, documents);
    compose.put(file, source);
    source.texts(
        ENV_FILES,
        (_, node) ->
            path(source, node.getValue()).filter(this::add).ifPresent(p -> refer(source, node, p)));
    source.texts(
        INCLUDES,
        (_, node) ->
            path(source, node.getValue())
                .filter(Files::isRegularFile)
                .ifPresent(found -> {
                  refer(source, node, found);
                  Path inner = parent(found);
                  add(inner.resolve(".env"));
                  compose(found, inner, false);
                }));
    source.texts(
        List.of("services.*.extends.file"),
        (_, node) ->
            path(source, node.getValue())
                .filter(Files::isRegularFile)
                .ifPresent(found -> {
                  refer(source, node, found);
                  compose(found, parent(found), false);
                }));
  }

  private void refer(SourceFile source, ScalarNode node, Path path) {
    references.add(new Reference(source, node, path));
  }

  /** Adds a file, if it is there and no larger than a compose file can be. */
  private boolean add(Path path) {
    try {
      if (!contents.containsKey(path)) {
        if (!Files.isRegularFile(path) || Files.size(path) > LIMIT) {
          return false;
        }
        contents.put(path, Files.readAllBytes(path));
      }
      return true;
    } catch (IOException e) {
      return false; // Compose says that it is missing
    }
  }

  private static Path parent(Path file) {
    Path parent = file.getParent();
    return parent == null ? file : parent;
  }
}
