package dev.orchestrator.adopt;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.orchestrator.compose.ComposeModel;
import dev.orchestrator.engine.ContainerDetails;
import dev.orchestrator.engine.ContainerDetails.MountPoint;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Finds containers that are no longer what the project's files say: the files were changed since
 * {@code up}, or something else has made the container anew. No line has a value of a variable.
 */
final class ContainerDrift {
  private final ObjectNode root;
  private final Map<String, String> hashes;
  private final List<String> lines = new ArrayList<>();

  private ContainerDrift(ObjectNode root, Map<String, String> hashes) {
    this.root = root;
    this.hashes = hashes;
  }

  /**
   * What differs, a line each.
   *
   * @param root the project as Compose reads it
   * @param hashes Compose's hash of each service; a container that has it is as the files say,
   *     unless its environment shows that something else has made it anew
   */
  static List<String> of(Project project, ObjectNode root, Map<String, String> hashes) {
    ContainerDrift drift = new ContainerDrift(root, hashes);
    project.containers().forEach(drift::container);
    return drift.lines;
  }

  private void container(ContainerDetails container) {
    String service = Project.service(container);
    JsonNode said = root.path("services").path(service);
    if (said.isMissingNode()) {
      lines.add(
          "container %s is of service %s, which the files don't have"
              .formatted(container.name(), service));
      return;
    }
    String user = "service " + service;
    String image = ComposeModel.text(said.path("image"));
    if (!image.isEmpty() && !image.equals(container.image())) {
      lines.add(
          "%s: image: the files say %s, the container runs %s"
              .formatted(user, image, container.image()));
    }
    // A program that makes containers anew copies their labels, and with them the hash.
    environment(user, said.path("environment"), container);
    if (container.label(ComposeLabels.HASH).equals(hashes.getOrDefault(service, "?"))) {
      return;
    }
    command(user, "command", said.path("command"), container.command());
    command(user, "entrypoint", said.path("entrypoint"), container.entrypoint());
    mounts(user, said.path("volumes"), container);
    ports(user, said.path("ports"), container);
  }

  private void environment(String user, JsonNode said, ContainerDetails container) {
    Map<String, String> real = new TreeMap<>();
    for (String line : container.env()) {
      String[] parts = line.split("=", 2);
      real.put(parts[0], parts.length > 1 ? parts[1] : "");
    }
    for (Map.Entry<String, JsonNode> variable : said.properties()) {
      String value = real.get(variable.getKey());
      if (!variable.getValue().isNull() && !ComposeModel.text(variable.getValue()).equals(value)) {
        lines.add(
            "%s: environment: %s has another value in the files than in the container"
                .formatted(user, variable.getKey()));
      }
    }
  }

  private void command(String user, String key, JsonNode said, List<String> real) {
    List<String> words = new ArrayList<>();
    said.forEach(word -> words.add(ComposeModel.text(word)));
    if (!words.isEmpty() && !words.equals(real)) {
      lines.add("%s: %s: the files have another one than the container".formatted(user, key));
    }
  }

  private void mounts(String user, JsonNode said, ContainerDetails container) {
    for (JsonNode mount : said) {
      String target = Path.of(ComposeModel.text(mount.path("target"))).normalize().toString();
      String type = mount.path("type").asText("");
      Optional<MountPoint> real =
          container.mounts().stream()
              .filter(one -> Path.of(one.target()).normalize().toString().equals(target))
              .findFirst();
      if (type.equals("tmpfs")) {
        continue;
      }
      if (real.isEmpty()) {
        lines.add(
            "%s: volumes: the files mount something at %s, the container doesn't"
                .formatted(user, target));
      } else if (type.equals("bind")
          && !real.get().source().equals(ComposeModel.text(mount.path("source")))) {
        lines.add(
            "%s: volumes: at %s the files mount %s, the container has %s"
                .formatted(
                    user, target, ComposeModel.text(mount.path("source")), real.get().source()));
      }
    }
  }

  private void ports(String user, JsonNode said, ContainerDetails container) {
    Set<String> wanted = new TreeSet<>();
    for (JsonNode port : said) {
      String published = port.path("published").asText("");
      if (published.matches("[0-9]+")) {
        wanted.add(
            "%s:%s/%s"
                .formatted(
                    published, port.path("target").asText(), port.path("protocol").asText("tcp")));
      }
    }
    for (Map.Entry<String, JsonNode> bound :
        container.raw().at("/HostConfig/PortBindings").properties()) {
      bound
          .getValue()
          .forEach(
              binding -> wanted.remove(binding.path("HostPort").asText("") + ":" + bound.getKey()));
    }
    if (!wanted.isEmpty()) {
      lines.add(
          "%s: ports: the files publish %s, the container doesn't"
              .formatted(user, String.join(", ", wanted)));
    }
  }
}
