package dev.orchestrator.compose;

import java.util.List;

/**
 * An image of a service, in the store of the outer engine.
 *
 * @param name of its group of layers in the capsule: the first service that uses it
 * @param reference its name inside the capsule, derived from its content
 * @param id {@code sha256:…}
 * @param volumes paths that the image declares as volumes
 */
public record InnerImage(String name, String reference, String id, List<String> volumes) {}
