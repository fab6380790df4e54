package dev.orchestrator.compose;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.orchestrator.release.Release;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Finds what plain Compose takes from the shell of whoever runs it: variables without a value, the
 * home folder, the folder itself. A version has none of these: its variables are those of {@code
 * .env} and of {@code env} in stack.conf. No message has a value of a variable.
 */
final class ShellVariables {
  private static final Pattern COMMENT = Pattern.compile("\\s*#.*");

  /** Variables that a shell passes on to every program: a default in the file is never used. */
  private static final List<String> OF_EVERY_SHELL =
      List.of("HOME", "LANG", "LOGNAME", "PATH", "SHELL", "USER");

  private static final List<String> SECTIONS =
      List.of("services", "networks", "volumes", "configs", "secrets");

  /** Parts of a service that have paths of the release, or that a capsule doesn't need. */
  private static final Set<String> PATHS = Set.of("develop", "env_file", "extends");

  /** Where services that mount the release's folder have it. */
  private static final String RELEASE_FOLDER = "/data/" + BindMapping.ROOT;

  private final ComposeFindings findings;
  private final Release release;
  private final Path project;

  /**
   * Adds what it finds to these findings.
   *
   * @param project the path that stands for the release's folder
   */
  ShellVariables(ComposeFindings findings, Release release, Path project) {
    this.findings = findings;
    this.release = release;
    this.project = project;
  }

  /**
   * Checks what Compose read.
   *
   * @param root the model that Compose printed
   * @param stack its name, which is the project's
   * @param variables names of those that the version has
   */
  void check(ComposeOutput output, ObjectNode root, String stack, Set<String> variables) {
    List<String> unset = output.unsetVariables();
    unset.forEach(this::unset);
    for (String name : OF_EVERY_SHELL) {
      String place = places(name);
      if (!place.isEmpty() && !variables.contains(name) && !unset.contains(name)) {
        findings.warn(
            "%svariable %s has its default here; plain Compose would take it from the shell: write %s=… into %s, or env { %s = … } in stack.conf"
                .formatted(place, name, name, envFile(), name));
      }
    }
    String place = places("COMPOSE_PROJECT_NAME");
    if (!place.isEmpty()) {
      findings.warn(
          "%s${COMPOSE_PROJECT_NAME} is the stack's name here, %s".formatted(place, stack));
    }
    if (output.homeIsMissing()) {
      homePaths(root);
    }
    for (Map.Entry<String, JsonNode> service : root.path("services").properties()) {
      passedOn("service " + service.getKey(), service.getValue());
    }
    for (String section : SECTIONS) {
      for (Map.Entry<String, JsonNode> item : root.path(section).properties()) {
        String user = section.replaceFirst("s$", "") + " " + item.getKey();
        if (item.getValue() instanceof ObjectNode keys) {
          for (Map.Entry<String, JsonNode> key : List.copyOf(keys.properties())) {
            if (!key.getKey().startsWith("x-") && !hasPaths(section, key.getKey())) {
              keys.set(key.getKey(), inCapsule(user, key.getKey(), key.getValue()));
            }
          }
        }
      }
    }
  }

  private void unset(String name) {
    String where = places(name);
    if (name.equals("HOME")) {
      findings.refuse(
          "%s${HOME} is the home folder of whoever runs plain Compose: write env { HOME = \"/home/NAME\" } in stack.conf, or the path itself"
              .formatted(where));
      return;
    }
    findings.warn(
        "%svariable %s has no value, and is empty; plain Compose would take it from the shell: write %s=… into %s, or env { %s = … } in stack.conf"
            .formatted(where, name, name, envFile(), name));
  }

  /** Paths with {@code ~}, which Compose leaves as they are when no home folder is known. */
  private void homePaths(ObjectNode root) {
    for (Map.Entry<String, JsonNode> service : root.path("services").properties()) {
      for (JsonNode mount : service.getValue().path("volumes")) {
        home("service " + service.getKey() + ": volumes", mount.path("source"));
      }
    }
    for (String section : List.of("configs", "secrets")) {
      for (Map.Entry<String, JsonNode> item : root.path(section).properties()) {
        home(
            section.replaceFirst("s$", "") + " " + item.getKey() + ": file",
            item.getValue().path("file"));
      }
    }
  }

  private void home(String user, JsonNode path) {
    String text = ComposeModel.text(path);
    int tilde = text.indexOf("/~");
    if (text.startsWith(project.toString()) && tilde >= 0) {
      findings.refuse(
          "%s: %s is in the home folder of whoever runs plain Compose: write env { HOME = \"/home/NAME\" } in stack.conf, or the path itself"
              .formatted(user, text.substring(tilde + 1)));
    }
  }

  /** Variables that a service gets from the shell, if it has them: {@code environment: [NAME]}. */
  private void passedOn(String user, JsonNode service) {
    List<String> names = new ArrayList<>();
    for (Map.Entry<String, JsonNode> variable : service.path("environment").properties()) {
      if (variable.getValue().isNull()) {
        names.add(variable.getKey());
      }
    }
    if (!names.isEmpty()) {
      findings.warn(
          "%s: environment: %s %s no value, and %s not set; plain Compose would take %s from the shell: write %s=… into %s, or env { %s = … } in stack.conf"
              .formatted(
                  user,
                  String.join(", ", names),
                  names.size() == 1 ? "has" : "have",
                  names.size() == 1 ? "is" : "are",
                  names.size() == 1 ? "it" : "them",
                  names.getFirst(),
                  envFile(),
                  names.getFirst()));
    }
  }

  private static boolean hasPaths(String section, String key) {
    return switch (section) {
      case "services" -> PATHS.contains(key);
      case "configs", "secrets" -> key.equals("file");
      case "volumes" -> key.equals("driver_opts");
      default -> false;
    };
  }

  /**
   * A value with the release's folder as services have it, where it is no path of the release that
   * is mapped later: an argument, a variable, the place of a mount. Programs that start containers
   * through the capsule's engine need it so, and a mount at the same path stays one.
   */
  private JsonNode inCapsule(String user, String key, JsonNode value) {
    if (value.isTextual() && value.asText().contains(project.toString())) {
      findings.warn(
          "%s: %s: has the folder of the release in it (${PWD}), which is %s in a capsule"
              .formatted(user, key, RELEASE_FOLDER));
      return TextNode.valueOf(value.asText().replace(project.toString(), RELEASE_FOLDER));
    }
    if (value instanceof ObjectNode object) {
      for (Map.Entry<String, JsonNode> entry : List.copyOf(object.properties())) {
        if (!isPath(key, entry.getKey())) {
          object.set(entry.getKey(), inCapsule(user, key + "." + entry.getKey(), entry.getValue()));
        }
      }
    }
    if (value instanceof ArrayNode list) {
      for (int i = 0; i < list.size(); i++) {
        list.set(i, inCapsule(user, key, list.get(i)));
      }
    }
    return value;
  }

  private static boolean isPath(String key, String inner) {
    return switch (key) {
      case "volumes" -> inner.equals("source");
      case "build" -> !inner.equals("args");
      default -> false;
    };
  }

  private String envFile() {
    return "releases/" + release.version() + "/.env";
  }

  /** Where a variable is used: {@code FILE:LINE: } of the first place; empty when not found. */
  private String places(String name) {
    Pattern use =
        Pattern.compile(
            "(?<!\\$)(?:\\$\\$)*\\$(?:\\{"
                + Pattern.quote(name)
                + "\\b|"
                + Pattern.quote(name)
                + "\\b).*");
    List<String> files = new ArrayList<>(release.composeFiles());
    files.add(".env");
    for (String file : files) {
      try {
        List<String> lines =
            Files.readAllLines(release.folder().resolve(file), StandardCharsets.ISO_8859_1);
        for (int i = 0; i < lines.size(); i++) {
          if (!COMMENT.matcher(lines.get(i)).matches() && use.matcher(lines.get(i)).find()) {
            return "%s:%d: ".formatted(file, i + 1);
          }
        }
      } catch (IOException e) {
        // It is not there, or Compose says why it can't be read.
      }
    }
    return "";
  }
}
