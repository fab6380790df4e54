package dev.orchestrator.capsule;

import java.util.List;
import java.util.Map;

/**
 * The image of a version's capsule.
 *
 * @param content digest of the version as its author wrote it, by which quarantine knows a version
 * @param ports the capsule's port for the {@code service:port} of each route and probe
 * @param cached whether an image with the same content existed already
 * @param parts of its build; empty when it was not built here
 */
public record CapsuleImage(
    String version,
    String reference,
    String content,
    Map<String, Integer> ports,
    long bytes,
    boolean cached,
    List<BuildPart> parts) {

  /** An image that was not built here and now. */
  public CapsuleImage(
      String version,
      String reference,
      String content,
      Map<String, Integer> ports,
      long bytes,
      boolean cached) {
    this(version, reference, content, ports, bytes, cached, List.of());
  }
}
