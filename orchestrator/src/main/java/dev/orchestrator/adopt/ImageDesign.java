package dev.orchestrator.adopt;

import com.fasterxml.jackson.databind.JsonNode;
import dev.orchestrator.adopt.AdoptPlan.Cannot;
import dev.orchestrator.adopt.AdoptPlan.Image;
import dev.orchestrator.compose.ComposeModel;
import dev.orchestrator.engine.ContainerDetails;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.ImageInfo;
import dev.orchestrator.engine.ImageReference;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The images of a project's services: what runs, pinned to its digest where it has one. For one
 * thread.
 */
final class ImageDesign {
  private final Engine engine;
  private final ReadProject read;
  private final List<Cannot> cannot = new ArrayList<>();

  ImageDesign(Engine engine, ReadProject read) {
    this.engine = engine;
    this.read = read;
  }

  /** What cannot be kept as it runs; known after {@link #images}. */
  List<Cannot> cannot() {
    return cannot;
  }

  /** The image of each service, pinned where it can be. */
  List<Image> images() {
    List<Image> images = new ArrayList<>();
    for (Map.Entry<String, JsonNode> service : read.services().entrySet()) {
      String image = ComposeModel.text(service.getValue().path("image"));
      Optional<ContainerDetails> container = read.project().container(service.getKey());
      if (service.getValue().has("build")) {
        images.add(
            new Image(
                service.getKey(), image, image, "built again from its Dockerfile, for this stack"));
      } else if (container.isEmpty()) {
        images.add(
            new Image(service.getKey(), image, image, "has no container: as the files name it"));
      } else {
        images.add(image(service.getKey(), image, container.get()));
      }
    }
    return images;
  }

  private Image image(String service, String image, ContainerDetails container) {
    if (image.contains("@sha256:")) {
      return new Image(service, image, image, "pinned by the files");
    }
    ImageReference reference = ImageReference.parse(image);
    String repository = new ImageReference(reference.repository(), "").fullName();
    Optional<ImageInfo> runs = engine.image(container.imageId());
    Optional<String> digest =
        runs.stream()
            .flatMap(found -> found.digests().stream())
            .filter(text ->
                new ImageReference(text.replaceFirst("@.*", ""), "").fullName().equals(repository))
            .map(text -> text.substring(text.indexOf('@')))
            .findFirst();
    if (digest.isPresent()) {
      return new Image(
          service,
          image,
          reference.repository() + ":" + reference.tag() + digest.get(),
          "pinned to the digest that runs");
    }
    boolean same =
        engine.image(image).filter(found -> found.id().equals(container.imageId())).isPresent();
    if (!same) {
      cannot.add(
          new Cannot(
              "service %s runs an image without a digest, and %s is another image by now"
                  .formatted(service, image),
              "to keep what runs: docker tag %s %s, then again; or run 'docker compose up -d' for the newer one"
                  .formatted(container.imageId().replaceFirst("^sha256:(.{12}).*", "$1"), image)));
    }
    return new Image(
        service,
        image,
        image,
        same
            ? "has no digest of a registry: taken from this host's engine as it is"
            : "has no digest of a registry");
  }
}
