package dev.orchestrator.compose;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.orchestrator.release.Release;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A release's compose file as Compose itself understands it: variables are replaced, everything is
 * in the long form, paths are absolute.
 *
 * @param root the output of {@code docker compose config --format json}
 * @param projectFolder the path that stands for the release's folder in {@code root}
 * @param stackFolder the path that stands for the stack's folder in {@code root}
 * @param refusals what can't be known here that plain Compose would know, a line each
 * @param warnings of what Compose found while it read the file, a line each
 */
public record ComposeModel(
    Release release,
    ObjectNode root,
    Path projectFolder,
    Path stackFolder,
    List<String> refusals,
    List<String> warnings) {

  /** The services that run, in the order of their names: without those that have no replicas. */
  public Map<String, ObjectNode> services() {
    Map<String, ObjectNode> services = definedServices();
    services.values().removeIf(service -> Replicas.of(service) == 0);
    return services;
  }

  /** All services, in the order of their names: those without replicas too. */
  public Map<String, ObjectNode> definedServices() {
    return children("services");
  }

  /** The objects below a top-level key, in the order of their names. */
  Map<String, ObjectNode> children(String key) {
    Map<String, ObjectNode> found = new TreeMap<>();
    for (Map.Entry<String, JsonNode> child : root.path(key).properties()) {
      // A name without a value, such as "data:", is a volume with Compose's defaults.
      if (child.getValue() instanceof ObjectNode object) {
        found.put(child.getKey(), object);
      }
    }
    return found;
  }

  ComposeModel copy() {
    return new ComposeModel(
        release, root.deepCopy(), projectFolder, stackFolder, refusals, warnings);
  }

  /** The texts of an array or of a single node, each as {@link #text} has it. */
  static List<String> texts(JsonNode node) {
    List<String> texts = new ArrayList<>();
    if (node.isValueNode() && !node.isNull()) {
      texts.add(text(node));
    }
    node.forEach(item -> texts.add(text(item)));
    return texts;
  }

  /** A node's text without Compose's doubling of dollar signs; empty when it has none. */
  public static String text(JsonNode node) {
    return node.asText("").replace("$$", "$");
  }

  /** A text as Compose reads it back: it takes a single dollar sign for a variable. */
  static String escaped(String text) {
    return text.replace("$", "$$");
  }
}
