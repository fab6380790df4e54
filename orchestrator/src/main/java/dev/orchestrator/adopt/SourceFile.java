package dev.orchestrator.adopt;

import dev.orchestrator.compose.YamlNodes;
import java.nio.file.Path;
import java.util.List;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.ScalarNode;

/**
 * A compose file of a project, or one that it includes or extends.
 *
 * @param base the folder from which its relative paths start
 * @param main whether it is one of the project's own, not one that another one names
 * @param documents the YAML of the text; empty where it is none, which Compose says
 */
record SourceFile(Path path, Path base, boolean main, String text, List<Node> documents) {

  /** Told of each text at a path of a compose file. */
  @FunctionalInterface
  interface Visitor {
    /**
     * A text is there.
     *
     * @param names that the path has there, such as those of the section and the service
     */
    void at(List<String> names, ScalarNode text);
  }

  /** Visits the texts at paths, in the form of {@link YamlNodes#visit}. */
  void texts(List<String> paths, Visitor visitor) {
    for (Node document : documents) {
      for (String path : paths) {
        YamlNodes.visit(
            document,
            path,
            (names, _, value) -> {
              if (value instanceof ScalarNode scalar) {
                visitor.at(names, scalar);
              }
            });
      }
    }
  }
}
