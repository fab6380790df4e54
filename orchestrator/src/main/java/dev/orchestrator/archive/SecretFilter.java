package dev.orchestrator.archive;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.orchestrator.common.Json;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Takes secrets out of a capsule's image. The compose file in there has the values of variables
 * where the author wrote their names: the names are written there again, and the capsule asks for
 * the values when it starts, as it does for those of secrets and configs. Files are left out.
 *
 * @param variables values by name
 * @param files paths relative to the release
 */
public record SecretFilter(Map<String, String> variables, Set<String> files) {
  public static final SecretFilter NONE = new SecretFilter(Map.of(), Set.of());

  private static final String STACK = "capsule/stack/";
  private static final String COMPOSE = STACK + "compose.json";
  private static final String DESCRIPTION = STACK + "stack.json";
  private static final String RELEASE = STACK + "release/";
  private static final String LABEL = "dev.orchestrator.variables";
  private static final String RUN = "dev.orchestrator.run";

  /** The command of an image begins like that, an option a line. */
  private static final String NAME_OPTION = "  --name=";

  /** A line of an env file. */
  private static final Pattern SETS = Pattern.compile("^\\s*(?:export\\s+)?(\\w+)\\s*[=:]");

  /**
   * A shorter value may be anywhere by chance: it is a secret where a variable has the name alone.
   */
  private static final int SHORTEST_VALUE = 5;

  public SecretFilter {
    variables = new TreeMap<>(variables);
    files = new TreeSet<>(files);
  }

  /** Names alone. */
  @Override
  public String toString() {
    return "secrets %s %s".formatted(variables.keySet(), files);
  }

  LayerFilter layers() {
    if (variables.isEmpty() && files.isEmpty()) {
      return new LayerFilter(Set.of(), Map.of());
    }
    Map<String, UnaryOperator<byte[]>> changed = new HashMap<>();
    changed.put(COMPOSE, this::compose);
    changed.put(DESCRIPTION, this::description);
    changed.put(RELEASE + ".env", this::env);
    return new LayerFilter(
        files.stream().map(each -> RELEASE + each).collect(Collectors.toSet()), changed);
  }

  /** The lines of an env file that set none of the variables. */
  public byte[] env(byte[] text) {
    return new String(text, StandardCharsets.UTF_8)
        .lines()
        .filter(line -> {
          Matcher matcher = SETS.matcher(line);
          return !matcher.find() || !variables.containsKey(matcher.group(1));
        })
        .map(line -> line + "\n")
        .collect(Collectors.joining())
        .getBytes(StandardCharsets.UTF_8);
  }

  /** The compose file with names in place of the values. */
  byte[] compose(byte[] text) {
    return bytes(named(json(text)));
  }

  /** What tells the capsule what to ask for. */
  byte[] description(byte[] text) {
    ObjectNode description = (ObjectNode) json(text);
    Set<String> asked = new TreeSet<>(variables.keySet());
    description.path("variables").forEach(each -> asked.add(each.asText()));
    replace(description, "variables", asked);
    replace(description, "secretFiles", files);
    if (description.has("run")) {
      description.put("run", run(description.path("run").asText()));
    }
    return bytes(description);
  }

  /** The image's configuration, whose labels name the variables too. */
  ObjectNode config(ObjectNode config) {
    ObjectNode labels = config.withObject("config").withObject("Labels");
    Set<String> names = new TreeSet<>(variables.keySet());
    names.addAll(List.of(labels.path(LABEL).asText().split(" ", -1)));
    names.remove("");
    if (!names.isEmpty()) {
      labels.put(LABEL, String.join(" ", names));
    }
    if (labels.has(RUN)) {
      labels.put(RUN, run(labels.path(RUN).asText()));
    }
    String text = config.toString();
    variables.forEach((name, value) -> {
      if (value.length() >= SHORTEST_VALUE && text.contains(inJson(value))) {
        throw new ArchiveException(
            "the labels of the image have the value of %s: take it out of stack.conf"
                .formatted(name));
      }
    });
    return config;
  }

  /** The command by which the image is run, with what it has to be given now. */
  private String run(String command) {
    StringBuilder options = new StringBuilder();
    for (String name : variables.keySet()) {
      String option = "--env=" + name + " ";
      if (!command.contains(option)) {
        options.append("  ").append(option).append("\\\n");
      }
    }
    for (String file : files) {
      String inside = "/" + RELEASE + file;
      options
          .append("  '--volume=/PATH/TO/")
          .append(file)
          .append(":")
          .append(inside)
          .append(":ro' \\\n");
    }
    return command.replaceFirst(
        "(?m)^" + NAME_OPTION, Matcher.quoteReplacement(options + NAME_OPTION));
  }

  private static String inJson(String value) {
    String quoted = new TextNode(value).toString();
    return quoted.substring(1, quoted.length() - 1);
  }

  private static void replace(ObjectNode node, String key, Set<String> values) {
    if (!values.isEmpty()) {
      ArrayNode array = node.putArray(key);
      values.forEach(array::add);
    }
  }

  private JsonNode named(JsonNode node) {
    if (node instanceof ObjectNode object) {
      ObjectNode named = JsonNodeFactory.instance.objectNode();
      object
          .properties()
          .forEach(each -> {
            String value = variables.get(each.getKey());
            boolean whole = value != null && escaped(value).equals(each.getValue().asText());
            named.set(
                each.getKey(),
                whole ? new TextNode("${" + each.getKey() + "}") : named(each.getValue()));
          });
      return named;
    }
    if (node instanceof ArrayNode array) {
      ArrayNode named = JsonNodeFactory.instance.arrayNode();
      array.forEach(each -> named.add(named(each)));
      return named;
    }
    return node.isTextual() ? new TextNode(named(node.asText())) : node;
  }

  private String named(String text) {
    String named = text;
    // The longest first: one value may be the beginning of another.
    List<Map.Entry<String, String>> longestFirst = new ArrayList<>(variables.entrySet());
    longestFirst.sort(
        Comparator.comparingInt((Map.Entry<String, String> each) -> -each.getValue().length()));
    for (Map.Entry<String, String> each : longestFirst) {
      if (each.getValue().length() >= SHORTEST_VALUE) {
        named = named.replace(escaped(each.getValue()), "${" + each.getKey() + "}");
      }
    }
    return named;
  }

  /** As the compose file in a capsule has it, where a dollar sign begins a variable. */
  private static String escaped(String value) {
    return value.replace("$", "$$");
  }

  private static JsonNode json(byte[] text) {
    return Json.tree(new String(text, StandardCharsets.UTF_8));
  }

  private static byte[] bytes(JsonNode json) {
    return Json.write(json).getBytes(StandardCharsets.UTF_8);
  }
}
