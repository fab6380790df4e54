package dev.orchestrator.compose;

import java.io.StringReader;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;

/** The nodes of a compose file as it is written, each with its place in the text. */
public final class YamlNodes {
  private static final int LIMIT = 1 << 20;

  private YamlNodes() {}

  /** Told of each node at a path. */
  @FunctionalInterface
  public interface Visitor {
    /**
     * A node is there.
     *
     * @param names that the path has there
     * @param key where the node's key stands; in a list the item itself
     */
    void at(List<String> names, Node key, Node value);
  }

  /**
   * The documents of a text.
   *
   * @throws org.yaml.snakeyaml.error.YAMLException when it is no YAML
   */
  public static List<Node> parse(String text) {
    LoaderOptions options = new LoaderOptions();
    options.setCodePointLimit(LIMIT);
    List<Node> documents = new ArrayList<>();
    new Yaml(new SafeConstructor(options))
        .composeAll(new StringReader(text))
        .forEach(documents::add);
    return documents;
  }

  /**
   * Visits the nodes at a path, such as {@code services.*.volumes.[]}.
   *
   * @param path of keys with dots between them; {@code *} is any name, {@code []} any item of a
   *     list
   */
  public static void visit(Node root, String path, Visitor visitor) {
    visit(root, parts(path), visitor);
  }

  static void visit(Node root, List<String> path, Visitor visitor) {
    visit(root, root, path, List.of(), visitor);
  }

  static List<String> parts(String path) {
    return List.of(path.split("\\."));
  }

  private static void visit(
      Node key, Node value, List<String> path, List<String> names, Visitor visitor) {
    if (path.isEmpty()) {
      visitor.at(names, key, value);
      return;
    }
    String part = path.getFirst();
    List<String> rest = path.subList(1, path.size());
    if (part.equals("[]")) {
      if (value instanceof SequenceNode list) {
        list.getValue().forEach(item -> visit(item, item, rest, names, visitor));
      }
      return;
    }
    for (NodeTuple entry : entries(value, Collections.newSetFromMap(new IdentityHashMap<>()))) {
      if (entry.getKeyNode() instanceof ScalarNode name
          && (part.equals("*") || part.equals(name.getValue()))) {
        List<String> inner = new ArrayList<>(names);
        inner.add(name.getValue());
        visit(name, entry.getValueNode(), rest, inner, visitor);
      }
    }
  }

  /** The entries of an object, and of those that are merged into it. */
  private static List<NodeTuple> entries(Node node, Set<Node> merged) {
    List<NodeTuple> entries = new ArrayList<>();
    if (node instanceof MappingNode object && merged.add(node)) {
      for (NodeTuple entry : object.getValue()) {
        if (entry.getKeyNode() instanceof ScalarNode key && key.getValue().equals("<<")) {
          if (entry.getValueNode() instanceof SequenceNode several) {
            several.getValue().forEach(one -> entries.addAll(entries(one, merged)));
          } else {
            entries.addAll(entries(entry.getValueNode(), merged));
          }
        } else {
          entries.add(entry);
        }
      }
    }
    return entries;
  }
}
