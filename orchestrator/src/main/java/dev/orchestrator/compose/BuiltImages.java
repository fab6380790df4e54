package dev.orchestrator.compose;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.orchestrator.engine.ImageReference;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The images that a compose file builds itself, by the names that its other services may have for
 * them: Compose pulls none of those names.
 */
public final class BuiltImages {
  /** Name of an image to the service with the build section. */
  private final Map<String, String> builders = new HashMap<>();

  /** Running service without a build section to the service that builds its image. */
  private final Map<String, String> users = new TreeMap<>();

  private final Set<String> needed = new TreeSet<>();

  /**
   * Reads the names.
   *
   * @param project Compose's name of the stack, with which the names of images begin that the file
   *     gives no name
   */
  public BuiltImages(ComposeModel model, String project) {
    Map<String, ObjectNode> running = model.services();
    model
        .definedServices()
        .forEach((service, node) -> {
          if (node.has("build")) {
            String image = ComposeModel.text(node.path("image"));
            add(image.isEmpty() ? project + "-" + service : image, service);
            ComposeModel.texts(node.at("/build/tags")).forEach(tag -> add(tag, service));
          }
        });
    running.forEach((service, node) -> {
      if (node.has("build")) {
        needed.add(service);
      } else {
        builder(ComposeModel.text(node.path("image")))
            .ifPresent(builder -> {
              users.put(service, builder);
              needed.add(builder);
            });
      }
    });
  }

  private void add(String image, String service) {
    builders.putIfAbsent(ImageReference.parse(image).fullName(), service);
  }

  /** The service that builds the image of that name. */
  public Optional<String> builder(String image) {
    return Optional.ofNullable(builders.get(ImageReference.parse(image).fullName()));
  }

  /** The running services without a build section whose image another one builds: by which. */
  public Map<String, String> users() {
    return Map.copyOf(users);
  }

  /**
   * The services whose images have to be built, in order of their names: also one that has no
   * replicas, when a service that runs has its image.
   */
  public Set<String> needed() {
    return new TreeSet<>(needed);
  }
}
