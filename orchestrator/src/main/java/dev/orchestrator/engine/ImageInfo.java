package dev.orchestrator.engine;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An image in the engine's store.
 *
 * @param id {@code sha256:…}
 * @param bytes size of all its layers
 * @param volumes paths that the image declares as volumes
 * @param healthCheck that the image declares, or null
 */
public record ImageInfo(
    String id,
    List<String> tags,
    List<String> digests,
    long bytes,
    List<String> layers,
    List<String> volumes,
    Map<String, String> labels,
    @Nullable ImageHealthCheck healthCheck) {

  /** An image without a health check. */
  public ImageInfo(
      String id,
      List<String> tags,
      List<String> digests,
      long bytes,
      List<String> layers,
      List<String> volumes,
      Map<String, String> labels) {
    this(id, tags, digests, bytes, layers, volumes, labels, null);
  }
}
