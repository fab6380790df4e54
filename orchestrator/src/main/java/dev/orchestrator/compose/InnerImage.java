package dev.orchestrator.compose;

import dev.orchestrator.engine.ImageHealthCheck;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An image of a service, in the store of the outer engine.
 *
 * @param name of its group of layers in the capsule: the first service that uses it
 * @param reference its name inside the capsule, derived from its content
 * @param id {@code sha256:…}
 * @param volumes paths that the image declares as volumes
 * @param healthCheck that the image declares, or null
 */
public record InnerImage(
    String name,
    String reference,
    String id,
    List<String> volumes,
    @Nullable ImageHealthCheck healthCheck) {

  /** An image without a health check. */
  public InnerImage(String name, String reference, String id, List<String> volumes) {
    this(name, reference, id, volumes, null);
  }
}
