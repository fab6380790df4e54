package dev.orchestrator.engine;

import java.util.List;
import java.util.Map;

/**
 * An image in the engine's store.
 *
 * @param id {@code sha256:…}
 * @param bytes size of all its layers
 * @param volumes paths that the image declares as volumes
 */
public record ImageInfo(
    String id,
    List<String> tags,
    List<String> digests,
    long bytes,
    List<String> layers,
    List<String> volumes,
    Map<String, String> labels) {}
