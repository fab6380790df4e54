package dev.orchestrator.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.orchestrator.common.Json;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.engine.EngineException.Kind;
import dev.orchestrator.engine.ImageConfig;
import dev.orchestrator.engine.ImageInfo;
import dev.orchestrator.engine.ImageReference;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The image store of an {@link FakeEngine}. */
public final class FakeImages {
  private record Image(String id, List<String> layers, Map<String, String> labels) {}

  private final Map<String, Image> byId = new HashMap<>();
  private final Map<String, String> tags = new HashMap<>();
  private final Set<String> registry = new HashSet<>();
  private int next;

  public synchronized Optional<ImageInfo> get(String reference) {
    return find(reference).map(this::info);
  }

  public synchronized List<ImageInfo> list(Map<String, String> labels) {
    return byId.values().stream()
        .filter(image -> image.labels.entrySet().containsAll(labels.entrySet()))
        .map(this::info)
        .toList();
  }

  public synchronized String add(String reference, List<String> below, Map<String, String> labels) {
    String number = "%064x".formatted(++next);
    List<String> layers = new ArrayList<>(below);
    layers.add("sha256:1" + number.substring(1));
    Image image = new Image("sha256:" + number, List.copyOf(layers), Map.copyOf(labels));
    byId.put(image.id, image);
    tags.put(full(reference), image.id);
    return image.id;
  }

  public synchronized String commit(String parent, String reference, ImageConfig config) {
    Image from = require("making image " + reference, parent);
    Map<String, String> labels = new HashMap<>(from.labels);
    labels.putAll(config.labels());
    return add(reference, from.layers, labels);
  }

  public synchronized void tag(String image, String reference) {
    tags.put(full(reference), require("tagging image " + image, image).id);
  }

  /** Anything that {@link #load} understands. */
  public synchronized byte[] save(String reference) {
    Image image = require("reading image " + reference, reference);
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("id", image.id).put("name", reference);
    image.layers.forEach(json.putArray("layers")::add);
    image.labels.forEach(json.putObject("labels")::put);
    return Json.write(json).getBytes(StandardCharsets.UTF_8);
  }

  public synchronized void load(byte[] saved) {
    JsonNode json;
    try {
      json = Json.tree(new String(saved, StandardCharsets.UTF_8));
    } catch (IllegalArgumentException e) {
      throw new EngineException(
          Kind.REFUSED, "loading an image into the engine: no image: " + e.getMessage(), e);
    }
    List<String> layers = new ArrayList<>();
    json.path("layers").forEach(layer -> layers.add(layer.asText()));
    Map<String, String> labels = new HashMap<>();
    json.path("labels").properties().forEach(e -> labels.put(e.getKey(), e.getValue().asText()));
    Image image = new Image(json.path("id").asText(), List.copyOf(layers), Map.copyOf(labels));
    byId.put(image.id, image);
    tags.put(full(json.path("name").asText()), image.id);
  }

  public synchronized void addToRegistry(String reference) {
    registry.add(full(reference));
  }

  public synchronized void pull(String reference) {
    if (!registry.contains(full(reference))) {
      throw new EngineException(Kind.NOT_FOUND, "pulling image " + reference + ": not found");
    }
    add(reference, List.of(), Map.of());
  }

  public synchronized void remove(String reference, List<String> used) {
    Optional<Image> found = find(reference);
    if (found.isEmpty()) {
      return;
    }
    boolean hasOtherNames =
        !reference.equals(found.get().id)
            && tags.values().stream().filter(found.get().id::equals).count() > 1;
    if (hasOtherNames) {
      tags.remove(full(reference));
      return;
    }
    if (used.stream().anyMatch(user -> find(user).equals(found))) {
      throw new EngineException(Kind.CONFLICT, "removing image " + reference + ": in use");
    }
    String id = found.get().id;
    tags.remove(full(reference));
    if (reference.equals(id)) {
      tags.values().removeIf(id::equals);
    }
    if (!tags.containsValue(id)) {
      byId.remove(id);
    }
  }

  public synchronized void requireImage(String doing, String reference) {
    require(doing, reference);
  }

  private Image require(String doing, String reference) {
    return find(reference)
        .orElseThrow(
            () -> new EngineException(Kind.NOT_FOUND, doing + ": No such image: " + reference));
  }

  private Optional<Image> find(String reference) {
    return Optional.ofNullable(
        byId.get(byId.containsKey(reference) ? reference : tags.getOrDefault(full(reference), "")));
  }

  private ImageInfo info(Image image) {
    List<String> names =
        tags.entrySet().stream()
            .filter(tag -> tag.getValue().equals(image.id))
            .map(Map.Entry::getKey)
            .sorted()
            .toList();
    return new ImageInfo(
        image.id, names, List.of(), 1_000_000, image.layers, List.of(), image.labels);
  }

  private static String full(String reference) {
    ImageReference parsed = ImageReference.parse(reference);
    return parsed.tag().isEmpty() ? parsed.repository() : parsed.repository() + ":" + parsed.tag();
  }
}
