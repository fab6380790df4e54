package dev.orchestrator.capsule.image;

import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.engine.ImageInfo;
import dev.orchestrator.engine.Labels;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Removes images that no version needs any more: capsule images, packed layers, and services'
 * images that were built here, also those that have lost their name to a later build. Images
 * without the orchestrator's label, such as pulled ones, and the capsule images of another service
 * with a stack of the same name are never touched. Calls block.
 */
final class ImagePruner {
  /** On a capsule image: the ids of the services' images that it was packed from. */
  static final String INNER = "dev.orchestrator.inner";

  /**
   * On a capsule image: the service that built it, as {@link Labels#HOME} has it. Not under that
   * label: a container that a user runs from the image would inherit it, and be taken for ours.
   */
  static final String OWNER = "dev.orchestrator.owner";

  private final Engine engine;
  private final String stack;
  private final Path home;
  private final String owner;
  private final String drillOwner;
  private final Supplier<Set<String>> needed;

  /**
   * Prunes on this engine.
   *
   * @param home the state folder
   * @param owner the value of {@link #OWNER} on this service's capsule images
   * @param needed ids of images that stay although no container is made of them
   */
  ImagePruner(Engine engine, String stack, Path home, String owner, Supplier<Set<String>> needed) {
    this.needed = needed;
    this.engine = engine;
    this.stack = stack;
    this.home = home;
    this.owner = owner;
    this.drillOwner = Labels.home(home.resolve("drill/state"));
  }

  /**
   * Removes all images but those that these versions, and the capsules on the engine, are made of.
   *
   * @return how many images it removed
   */
  int keepOnly(Collection<String> wanted) {
    int removed = 0;
    for (ImageInfo image : unneeded(wanted)) {
      removed += remove(image) ? 1 : 0;
    }
    return removed;
  }

  /** Removes capsule images that a later build of their version took the name of. */
  void removeSuperseded() {
    Set<String> used = used();
    for (ImageInfo image : images("capsule")) {
      if (image.tags().isEmpty() && isOurs(image) && !used.contains(image.id())) {
        boolean _ = remove(image);
      }
    }
  }

  /** What {@link #keepOnly} would remove. */
  List<ImageInfo> unneeded(Collection<String> wanted) {
    List<ContainerInfo> containers = engine.containers(labels("capsule"));
    Set<String> used = used();
    Set<String> versions = new HashSet<>(wanted);
    // Their next capsule may be made from the image that has their version's name now.
    containers.stream()
        .map(container -> container.labels().getOrDefault(Labels.VERSION, ""))
        .forEach(versions::add);
    List<ImageInfo> kept = new ArrayList<>();
    List<ImageInfo> unneeded = new ArrayList<>();
    for (ImageInfo image : images("capsule")) {
      boolean named =
          !image.tags().isEmpty()
              && versions.contains(image.labels().getOrDefault(Labels.VERSION, ""));
      boolean stays =
          named
              || !isOurs(image)
              || used.contains(image.id())
              || image.tags().stream().anyMatch(used::contains);
      (stays ? kept : unneeded).add(image);
    }
    for (ImageInfo layer : images("layer")) {
      if (kept.stream().noneMatch(capsule -> startsWith(capsule, layer))) {
        unneeded.add(layer);
      }
    }
    unneeded.addAll(unneededInner(versions, kept));
    return unneeded;
  }

  private List<ImageInfo> unneededInner(Set<String> versions, List<ImageInfo> capsules) {
    Set<String> inner = new HashSet<>();
    for (String version : versions) {
      new VersionLock(home, stack, version).read().values().forEach(pin -> inner.add(pin.id()));
    }
    for (ImageInfo capsule : capsules) {
      String ids = capsule.labels().get(INNER);
      if (ids != null) {
        inner.addAll(Arrays.asList(ids.split(" ")));
      } else if (!isOurs(capsule)) {
        return List.of(); // built before capsule images told what they are packed from
      }
    }
    return images("inner").stream().filter(image -> !inner.contains(image.id())).toList();
  }

  /**
   * The images of all containers of capsules, as the containers name them, ids as a rule; and those
   * of snapshots.
   */
  private Set<String> used() {
    Set<String> used = new HashSet<>(needed.get());
    engine.containers(labels("capsule")).forEach(container -> used.add(container.image()));
    return used;
  }

  /** Images were not marked with their service at first; a drill leaves its images to us. */
  private boolean isOurs(ImageInfo capsule) {
    String home = capsule.labels().getOrDefault(OWNER, owner);
    return home.equals(owner) || home.equals(drillOwner);
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

  /** Removes an image by its names, or by its id where it has none; false when it is in use. */
  private boolean remove(ImageInfo image) {
    try {
      if (image.tags().isEmpty()) {
        engine.removeImage(image.id());
      }
      image.tags().forEach(engine::removeImage);
      return true;
    } catch (EngineException e) {
      if (e.kind() == EngineException.Kind.CONFLICT) {
        return false; // a container that isn't ours, or an image above it
      }
      throw e;
    }
  }
}
