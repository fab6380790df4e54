package dev.orchestrator.compose;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.orchestrator.settings.GrantSettings;
import dev.orchestrator.settings.StackSettings;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/**
 * Leads paths of the host to the release's folder, in whose data an adoption has put what was
 * there: a next release that names them, as the project's own files do, means that data, and not
 * the files of the project that was left as it is.
 */
final class AdoptedPaths {
  private final Map<Path, Path> paths = new TreeMap<>();
  private final GrantSettings grants;

  /**
   * Knows the paths of a stack.
   *
   * @param project the path that stands for the release's folder
   */
  AdoptedPaths(StackSettings stack, Path project) {
    grants = stack.grants();
    stack
        .compose()
        .adoptedPaths()
        .forEach((path, is) ->
            paths.put(project.resolve(path).normalize(), project.resolve(is).normalize()));
  }

  /**
   * Changes the sources of mounts, the devices of volumes, and the files of configs and secrets.
   */
  void apply(ObjectNode root) {
    if (paths.isEmpty()) {
      return;
    }
    for (JsonNode service : root.path("services")) {
      for (JsonNode mount : service.path("volumes")) {
        if (mount.path("type").asText("").equals("bind")) {
          change(mount, "source");
        }
      }
    }
    for (JsonNode volume : root.path("volumes")) {
      change(volume.path("driver_opts"), "device");
    }
    for (String section : new String[] {"configs", "secrets"}) {
      root.path(section).forEach(item -> change(item, "file"));
    }
  }

  private void change(JsonNode node, String key) {
    String text = ComposeModel.text(node.path(key));
    if (!text.startsWith("/") || !(node instanceof ObjectNode object)) {
      return;
    }
    Path source = Path.of(text).normalize();
    if (HostQuestions.granted(grants, source).isPresent()) {
      return;
    }
    // The longest that it begins with.
    paths.entrySet().stream()
        .filter(entry -> source.startsWith(entry.getKey()))
        .reduce((a, b) -> b.getKey().getNameCount() > a.getKey().getNameCount() ? b : a)
        .ifPresent(entry ->
            object.put(
                key,
                ComposeModel.escaped(
                    entry.getValue().resolve(entry.getKey().relativize(source)).normalize() + "")));
  }
}
