package dev.orchestrator.capsule;

import java.util.Map;

/**
 * A built capsule image.
 *
 * @param content digest of the version as its author wrote it: what quarantine goes by
 * @param ports from {@code service:port}, for each route and probe, to the port of the capsule
 * @param cached it was there already
 */
public record CapsuleImage(
    String version,
    String reference,
    String content,
    Map<String, Integer> ports,
    long bytes,
    boolean cached) {}
