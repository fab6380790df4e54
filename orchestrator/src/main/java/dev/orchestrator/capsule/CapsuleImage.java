package dev.orchestrator.capsule;

import java.util.Map;

/**
 * A built capsule image.
 *
 * @param content digest of everything it was built from (compose model, release files, inner image
 *     ids, base): the same content is the same image
 * @param ports from {@code service:port}, for each route and probe, to the port of the capsule
 * @param cached it was there already
 */
public record CapsuleImage(
    String version, String reference, String content, Map<String, Integer> ports, long bytes, boolean cached) {}
