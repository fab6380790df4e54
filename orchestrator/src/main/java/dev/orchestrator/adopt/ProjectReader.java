package dev.orchestrator.adopt;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.compose.BuildContainers;
import dev.orchestrator.compose.HostComposeReader;
import dev.orchestrator.compose.HostComposeReader.Answer;
import dev.orchestrator.compose.HostComposeReader.Question;
import dev.orchestrator.engine.Engine;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Reads a project as Compose does on the host: Compose itself reads the files, with the variables
 * of the shell that its containers tell. Where the files are gone, the project is rebuilt from its
 * containers. Calls block.
 */
final class ProjectReader {
  private static final String PROFILES = "COMPOSE_PROFILES";

  /** How often Compose is asked again with a file more that it names as missing. */
  private static final int MOST_TRIES = 30;

  private final Engine engine;
  private final BuildContainers containers;
  private final Path work;

  /**
   * Reads projects of this engine.
   *
   * @param work a folder of our own, for the files of a project that is rebuilt
   */
  ProjectReader(Engine engine, BuildContainers containers, Path work) {
    this.engine = engine;
    this.containers = containers;
    this.work = work;
  }

  /**
   * Reads a project.
   *
   * @param base image of the helper container: the capsules' base image
   * @throws RefusedException when Compose rejects its files
   */
  ReadProject read(Project project, String base) {
    List<String> notes = new ArrayList<>();
    Path folder = project.folder();
    List<Path> missing =
        project.files().stream().filter(file -> !Files.isRegularFile(file)).toList();
    if (folder != null && !project.files().isEmpty() && missing.isEmpty()) {
      return read(project, folder, project.files(), project.envFiles(), base, false, notes);
    }
    ProjectRebuild rebuild = new ProjectRebuild(engine, project);
    notes.add(
        folder == null || project.files().isEmpty()
            ? "the containers don't say where the compose file is: the stack's compose file is made"
                + " from the containers"
            : "%s of project %s %s gone: the stack's compose file is made from the containers"
                .formatted(
                    missing.stream().map(Path::toString).collect(Collectors.joining(", ")),
                    project.name(),
                    missing.size() == 1 ? "is" : "are"));
    notes.add(
        "what containers don't tell is missing in it: comments, build, variables and env files,"
            + " profiles, the names of configs and secrets, and dependencies that Compose's version"
            + " 1 does not note");
    Path rebuilt = work.resolve("rebuilt-" + project.name());
    Path file = rebuild.write(rebuilt);
    notes.addAll(rebuild.notes());
    return read(project, rebuilt, List.of(file), List.of(), base, true, notes);
  }

  private ReadProject read(
      Project project,
      Path folder,
      List<Path> paths,
      List<Path> envFiles,
      String base,
      boolean rebuilt,
      List<String> notes) {
    Map<String, String> shell = new TreeMap<>();
    shell.put("HOME", home(folder));
    ProjectFiles files = ProjectFiles.read(folder, paths, envFiles, shell);
    List<ShellVariable> told = List.of();
    if (!rebuilt) {
      ShellReadBack.Found found = ShellReadBack.of(files, project);
      told = found.variables();
      notes.addAll(found.notes());
      told.forEach(variable -> shell.put(variable.name(), variable.value()));
      files = ProjectFiles.read(folder, paths, envFiles, shell);
    }
    Question question = new Question(project.name(), folder, paths, envFiles, shell, List.of("*"));
    try (HostComposeReader reader = new HostComposeReader(engine, containers, base)) {
      Answer all = answer(reader, question, files);
      String profiles = profiles(project, all.root(), files.variables());
      List<ShellVariable> variables = new ArrayList<>(told);
      if (!profiles.equals(files.variables().getOrDefault(PROFILES, ""))) {
        variables.removeIf(variable -> variable.name().equals(PROFILES));
        variables.add(new ShellVariable(PROFILES, profiles, List.of("the services that run")));
      }
      if (files.variableNames().contains("HOME")) {
        variables.removeIf(variable -> variable.name().equals("HOME"));
        variables.add(new ShellVariable("HOME", shell.getOrDefault("HOME", ""), List.of("paths")));
      }
      shell.put(PROFILES, profiles);
      Answer answer = answer(reader, question.with(shell, List.of()), files);
      for (String name : answer.unset()) {
        notes.add(
            "the variable %s has no value, and is empty in the containers too".formatted(name));
      }
      notes.addAll(answer.warnings());
      noteServices(project, answer.root(), notes);
      List<String> drift =
          rebuilt || project.containers().isEmpty()
              ? List.of()
              : ContainerDrift.of(
                  project, answer.root(), reader.hashes(question.with(shell, List.of())));
      return new ReadProject(
          project, folder, files, answer.root(), variables, drift, rebuilt, List.copyOf(notes));
    }
  }

  /** Asks Compose, again with each file more that it names as missing. */
  private static Answer answer(HostComposeReader reader, Question question, ProjectFiles files) {
    for (int i = 0; ; i++) {
      reader.put(files.contents(), files.folder());
      Answer answer = reader.read(question);
      if (!answer.rejected()) {
        return answer;
      }
      if (i == MOST_TRIES || !files.addMissing(answer.reason())) {
        throw new RefusedException(
            "Compose rejects %s: %s"
                .formatted(
                    question.files().stream().map(Path::toString).collect(Collectors.joining(", ")),
                    answer.reason()));
      }
    }
  }

  /**
   * The profiles that are active: those of {@code COMPOSE_PROFILES}, and those without which a
   * service that has a container would be left out.
   */
  static String profiles(Project project, ObjectNode root, Map<String, String> variables) {
    Set<String> active = new TreeSet<>();
    Arrays.stream(variables.getOrDefault(PROFILES, "").split(",", -1))
        .filter(name -> !name.isBlank())
        .forEach(name -> active.add(name.strip()));
    if (active.contains("*")) {
      return "*";
    }
    Set<String> running = new TreeSet<>(project.services());
    Map<String, Set<String>> members = new TreeMap<>();
    root.path("services")
        .properties()
        .forEach(service ->
            service
                .getValue()
                .path("profiles")
                .forEach(profile ->
                    members
                        .computeIfAbsent(profile.asText(), key -> new TreeSet<>())
                        .add(service.getKey())));
    for (String service : running) {
      List<String> own =
          members.entrySet().stream()
              .filter(entry -> entry.getValue().contains(service))
              .map(Map.Entry::getKey)
              .toList();
      if (!own.isEmpty() && own.stream().noneMatch(active::contains)) {
        active.add(
            own.stream()
                .filter(profile -> running.containsAll(members.getOrDefault(profile, Set.of())))
                .findFirst()
                .orElse(own.getFirst()));
      }
    }
    return String.join(",", active);
  }

  private static void noteServices(Project project, ObjectNode root, List<String> notes) {
    if (project.containers().isEmpty()) {
      return;
    }
    for (Map.Entry<String, JsonNode> service : root.path("services").properties()) {
      long there =
          project.containers().stream()
              .filter(container -> Project.service(container).equals(service.getKey()))
              .count();
      int said =
          service
              .getValue()
              .path("scale")
              .asInt(service.getValue().at("/deploy/replicas").asInt(1));
      if (there == 0 && said > 0) {
        notes.add(
            "service %s has no container; the stack starts it: remove it from the compose file of release 1 if it is not wanted"
                .formatted(service.getKey()));
      } else if (there != said) {
        notes.add(
            "service %s has %d containers, and the files say %d, which is what the stack starts: write 'scale: %d' to keep them"
                .formatted(service.getKey(), there, said, there));
      }
    }
  }

  /** The home folder of the user whose folder this most likely is. */
  private static String home(Path folder) {
    if (folder.getNameCount() >= 2 && folder.startsWith("/home")) {
      return "/" + folder.subpath(0, 2);
    }
    if (folder.startsWith("/root")) {
      return "/root";
    }
    @Nullable String own = System.getenv("HOME");
    return own == null ? "/root" : own;
  }
}
