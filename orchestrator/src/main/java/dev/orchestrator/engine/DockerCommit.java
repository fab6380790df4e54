package dev.orchestrator.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Makes an image from a container. The engine takes the container's own entry point and command
 * into the image when the request has none, and every label that the request doesn't have. So the
 * request has the parent image's whole configuration with the changes asked for, and each label
 * that only the container has, without a value: the engine can't be told to leave a label out. Nor
 * can it be told to leave out the container's environment: a container to commit must not have one.
 */
final class DockerCommit {
  private final RawEngineHttp raw;
  private final TimedCalls calls;
  private final String api;

  DockerCommit(EngineConnection connection) {
    this.raw = connection.raw();
    this.calls = connection.calls();
    this.api = "/v" + connection.api();
  }

  String commit(String container, String reference, ImageConfig changes) {
    String doing = "making image %s from container %s".formatted(reference, container);
    return calls.call(doing, TimedCalls.LONG, () -> send(doing, container, reference, changes));
  }

  private String send(String doing, String container, String reference, ImageConfig changes)
      throws IOException {
    JsonNode from =
        raw.get(doing, api + "/containers/" + RawEngineHttp.encode(container) + "/json");
    JsonNode parent =
        raw.get(doing, api + "/images/" + from.path("Image").asText() + "/json").path("Config");
    ImageReference to = ImageReference.parse(reference);
    Map<String, String> query = new TreeMap<>();
    query.put("container", container);
    query.put("repo", to.repository());
    query.put("tag", to.tag());
    return raw.post(
            doing,
            api + "/commit?" + RawEngineHttp.query(query),
            config(parent, from.path("Config").path("Labels"), changes))
        .path("Id")
        .asText();
  }

  static ObjectNode config(JsonNode parent, JsonNode containerLabels, ImageConfig changes) {
    ObjectNode config =
        parent.isObject() ? parent.deepCopy() : JsonNodeFactory.instance.objectNode();
    // An empty list keeps the container's own list out of the image; null does not.
    config.set("Entrypoint", list(changes.entrypoint(), parent.path("Entrypoint")));
    config.set("Cmd", list(changes.command(), parent.path("Cmd")));
    if (!changes.env().isEmpty()) {
      config.set("Env", env(parent.path("Env"), changes.env()));
    }
    ObjectNode labels = config.putObject("Labels");
    containerLabels.fieldNames().forEachRemaining(key -> labels.put(key, ""));
    parent
        .path("Labels")
        .properties()
        .forEach(label -> labels.put(label.getKey(), label.getValue().asText()));
    changes.labels().forEach(labels::put);
    return config;
  }

  private static ArrayNode list(List<String> changed, JsonNode otherwise) {
    ArrayNode list = JsonNodeFactory.instance.arrayNode();
    if (changed.isEmpty()) {
      otherwise.forEach(list::add);
    } else {
      changed.forEach(list::add);
    }
    return list;
  }

  private static ArrayNode env(JsonNode parent, List<String> changes) {
    Map<String, String> env = new TreeMap<>();
    parent.forEach(line -> env.put(name(line.asText()), line.asText()));
    changes.forEach(line -> env.put(name(line), line));
    ArrayNode list = JsonNodeFactory.instance.arrayNode();
    env.values().forEach(list::add);
    return list;
  }

  private static String name(String line) {
    int equals = line.indexOf('=');
    return equals < 0 ? line : line.substring(0, equals);
  }
}
