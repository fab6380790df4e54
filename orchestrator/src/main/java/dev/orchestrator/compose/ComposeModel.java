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
 * A release's compose file as Compose itself understands it: variables replaced, everything in its
 * long form, paths absolute.
 *
 * @param release where it comes from
 * @param root what {@code docker compose config --format json} printed
 * @param projectFolder what stands for the release's folder in the paths of {@code root}
 * @param stackFolder what stands for the stack's folder there
 * @param warnings what Compose said beside it
 */
public record ComposeModel(
    Release release, ObjectNode root, Path projectFolder, Path stackFolder, List<String> warnings) {

  /** Services in the order of their names. */
  public Map<String, ObjectNode> services() {
    return children("services");
  }

  /** The members of a top-level key that are objects, sorted; empty where there is none. */
  Map<String, ObjectNode> children(String key) {
    Map<String, ObjectNode> found = new TreeMap<>();
    for (Map.Entry<String, JsonNode> child : root.path(key).properties()) {
      // "data:" without anything is a volume with Compose's defaults.
      if (child.getValue() instanceof ObjectNode object) {
        found.put(child.getKey(), object);
      }
    }
    return found;
  }

  ComposeModel copy() {
    return new ComposeModel(release, root.deepCopy(), projectFolder, stackFolder, warnings);
  }

  /** An array's or a single node's texts; dollar signs, which Compose doubles, made single. */
  static List<String> texts(JsonNode node) {
    List<String> texts = new ArrayList<>();
    if (node.isValueNode() && !node.isNull()) {
      texts.add(text(node));
    }
    node.forEach(item -> texts.add(text(item)));
    return texts;
  }

  /** A node's text with single dollar signs; empty where there is none. */
  public static String text(JsonNode node) {
    return node.asText("").replace("$$", "$");
  }
}
