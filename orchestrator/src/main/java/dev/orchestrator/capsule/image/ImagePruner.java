package dev.orchestrator.capsule.image;

import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.ImageInfo;
import dev.orchestrator.engine.Labels;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Removes images that no version needs any more: capsule images, packed layers, and services'
 * images that were built here. Images without the orchestrator's label, such as pulled ones, are
 * never touched. Calls block.
 */
final class ImagePruner {
  private final Engine engine;
  private final String stack;
  private final Path home;

  ImagePruner(Engine engine, String stack, Path home) {
    this.engine = engine;
    this.stack = stack;
    this.home = home;
  }

  /**
   * Removes all images but those that these versions, and the versions of capsules on the engine,
   * are made of; a capsule may belong to another service. Returns how many references it removed.
   */
  int keepOnly(Collection<String> wanted) {
    Set<String> versions = new HashSet<>(wanted);
    engine.containers(labels("capsule")).stream()
        .map(container -> container.labels().getOrDefault(Labels.VERSION, ""))
        .forEach(versions::add);
    List<ImageInfo> kept =
        images("capsule").stream()
            .filter(image -> versions.contains(image.labels().getOrDefault(Labels.VERSION, "")))
            .toList();
    Set<String> inner = new HashSet<>();
    for (String version : versions) {
      new VersionLock(home, stack, version).read().values().forEach(pin -> inner.add(pin.id()));
    }
    int removed = 0;
    for (ImageInfo capsule : images("capsule")) {
      removed += kept.contains(capsule) ? 0 : remove(capsule);
    }
    for (ImageInfo layer : images("layer")) {
      removed += kept.stream().anyMatch(capsule -> startsWith(capsule, layer)) ? 0 : remove(layer);
    }
    for (ImageInfo image : images("inner")) {
      removed += inner.contains(image.id()) ? 0 : remove(image);
    }
    return removed;
  }

  private List<ImageInfo> images(String role) {
    return engine.images(labels(role));
  }

  private Map<String, String> labels(String role) {
    return Labels.with(Labels.role(role), Labels.STACK, stack);
  }

  private static boolean startsWith(ImageInfo capsule, ImageInfo layer) {
    return capsule.layers().size() >= layer.layers().size()
        && capsule.layers().subList(0, layer.layers().size()).equals(layer.layers());
  }

  /** Removes an image's names. An image without a name is a parent of another, or a container's. */
  private int remove(ImageInfo image) {
    image.tags().forEach(engine::removeImage);
    return image.tags().size();
  }
}
