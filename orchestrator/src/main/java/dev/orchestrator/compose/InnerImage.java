package dev.orchestrator.compose;

import java.util.List;

/**
 * An inner image as the outer engine has it.
 *
 * @param name of its group in the capsule: the first service that uses it
 * @param reference its name inside the capsule, made from its content
 * @param id {@code sha256:…}
 * @param volumes paths that the image declares as volumes
 */
public record InnerImage(String name, String reference, String id, List<String> volumes) {}
