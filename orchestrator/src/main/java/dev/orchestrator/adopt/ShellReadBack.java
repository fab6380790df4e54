package dev.orchestrator.adopt;

import dev.orchestrator.engine.ContainerDetails;
import dev.orchestrator.engine.ContainerDetails.MountPoint;
import dev.orchestrator.engine.ContainerDetails.Port;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.Tag;

/**
 * Finds the variables of the shell that started a project: where a container has another text than
 * the compose file gives with {@code .env} and its defaults, the text of the file is laid over that
 * of the container.
 */
final class ShellReadBack {
  private final ProjectFiles files;
  private final Project project;

  /** By variable: the values that containers tell, each with its places. */
  private final Map<String, Map<String, Set<String>>> told = new TreeMap<>();

  /** Variables of which a container has the value, or the default, that the files give. */
  private final Set<String> confirmed = new TreeSet<>();

  private final List<String> notes = new ArrayList<>();

  private ShellReadBack(ProjectFiles files, Project project) {
    this.files = files;
    this.project = project;
  }

  /**
   * What was read back.
   *
   * @param notes about variables whose value can't be told
   */
  record Found(List<ShellVariable> variables, List<String> notes) {}

  static Found of(ProjectFiles files, Project project) {
    ShellReadBack readBack = new ShellReadBack(files, project);
    files.compose().forEach(readBack::read);
    return readBack.found();
  }

  private Found found() {
    List<ShellVariable> variables = new ArrayList<>();
    told.forEach((name, values) -> {
      if (values.size() == 1 && !confirmed.contains(name)) {
        values.forEach(
            (value, places) -> variables.add(new ShellVariable(name, value, List.copyOf(places))));
      } else {
        Set<String> places = new TreeSet<>();
        values.values().forEach(places::addAll);
        notes.add(
            "the variable %s has several values in the containers (%s): none is taken"
                .formatted(name, String.join(", ", places)));
      }
    });
    return new Found(variables, notes);
  }

  private void read(SourceFile file) {
    text(file, "image", container -> List.of(container.image()));
    text(file, "container_name", container -> List.of(container.name()));
    text(file, "hostname", container -> List.of(container.raw().at("/Config/Hostname").asText("")));
    text(file, "user", container -> List.of(container.raw().at("/Config/User").asText("")));
    text(file, "volumes.[]", ShellReadBack::mounts);
    text(file, "volumes.[].source", ShellReadBack::sources);
    text(file, "ports.[]", ShellReadBack::ports);
    text(
        file,
        "ports.[].published",
        container ->
            container.ports().stream().map(port -> String.valueOf(port.hostPort())).toList());
    text(file, "command.[]", ContainerDetails::command);
    file.texts(
        List.of("services.*.environment.*"),
        (names, node) -> variable(names.get(1), names.get(3), node, "environment"));
    file.texts(
        List.of("services.*.environment.[]"),
        (names, node) -> {
          String[] parts = node.getValue().split("=", 2);
          compare(
              names.get(1),
              "environment " + parts[0],
              parts.length > 1 ? parts[1] : "${" + parts[0] + "}",
              env(names.get(1), parts[0]));
        });
    file.texts(
        List.of("services.*.labels.*"),
        (names, node) ->
            compare(
                names.get(1),
                "labels " + names.get(3),
                node.getValue(),
                project.container(names.get(1)).stream()
                    .map(container -> container.labels().get(names.get(3)))
                    .flatMap(value -> Optional.ofNullable(value).stream())
                    .toList()));
    file.texts(
        List.of("services.*.labels.[]"),
        (names, node) -> {
          String[] parts = node.getValue().split("=", 2);
          compare(
              names.get(1),
              "labels " + parts[0],
              parts.length > 1 ? parts[1] : "",
              project.container(names.get(1)).stream()
                  .map(container -> container.labels().get(parts[0]))
                  .flatMap(value -> Optional.ofNullable(value).stream())
                  .toList());
        });
  }

  /** What a container has at the places that a key of a service becomes. */
  private interface Reality {
    List<String> of(ContainerDetails container);
  }

  private void text(SourceFile file, String key, Reality reality) {
    file.texts(
        List.of("services.*." + key),
        (names, node) ->
            project
                .container(names.get(1))
                .ifPresent(container ->
                    compare(
                        names.get(1),
                        key.replace(".[]", ""),
                        node.getValue(),
                        reality.of(container))));
  }

  private void variable(String service, String name, ScalarNode node, String key) {
    boolean passedOn = node.getTag().equals(Tag.NULL);
    compare(
        service,
        key + " " + name,
        passedOn ? "${" + name + "}" : node.getValue(),
        env(service, name));
  }

  private List<String> env(String service, String name) {
    return project.container(service).stream()
        .flatMap(container -> container.env().stream())
        .filter(line -> line.startsWith(name + "="))
        .map(line -> line.substring(name.length() + 1))
        .toList();
  }

  /** Lays a text of the file over what the container has in its place. */
  private void compare(String service, String key, String text, List<String> real) {
    Template template = Template.of(text);
    Set<String> names = new TreeSet<>(template.names());
    names.remove("PWD");
    names.remove("COMPOSE_PROJECT_NAME");
    if (names.isEmpty() || real.isEmpty()) {
      return;
    }
    String expected = template.resolve(files.variables());
    if (real.contains(expected) || real.stream().anyMatch(one -> samePath(one, expected))) {
      confirmed.addAll(names);
      return;
    }
    for (String one : real) {
      Optional<Map<String, String>> values = template.match(one);
      if (values.isPresent() && !values.get().isEmpty()) {
        values
            .get()
            .forEach((name, value) -> {
              boolean known = value.equals(files.variables().getOrDefault(name, ""));
              if (names.contains(name) && !known) {
                told.computeIfAbsent(name, key2 -> new TreeMap<>())
                    .computeIfAbsent(value, key2 -> new TreeSet<>())
                    .add("service %s: %s".formatted(service, key));
              }
            });
        return;
      }
    }
  }

  /** Whether a mount of a container is the one of the file, whose path is relative. */
  private boolean samePath(String real, String expected) {
    String source = expected.split(":", 2)[0];
    if (!source.startsWith(".")) {
      return false;
    }
    Path absolute = files.folder().resolve(source).normalize();
    return real.equals(absolute + expected.substring(source.length()));
  }

  private static List<String> mounts(ContainerDetails container) {
    List<String> all = new ArrayList<>();
    for (MountPoint mount : container.mounts()) {
      String text = mount.source() + ":" + mount.target();
      all.add(text);
      all.add(text + (mount.readOnly() ? ":ro" : ":rw"));
    }
    return all;
  }

  private static List<String> sources(ContainerDetails container) {
    return container.mounts().stream().map(MountPoint::source).toList();
  }

  private static List<String> ports(ContainerDetails container) {
    List<String> all = new ArrayList<>();
    for (Port port : container.ports()) {
      for (String address : List.of("", port.hostAddress() + ":")) {
        String text = address + port.hostPort() + ":" + port.containerPort();
        all.add(text);
        all.add(text + "/" + port.protocol());
      }
    }
    return all;
  }
}
