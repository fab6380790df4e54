package dev.orchestrator.engine;

/**
 * An image reference, cut where the engine's API wants it cut.
 *
 * @param repository with a digest where the reference has one ({@code app@sha256:…})
 * @param tag empty where there is a digest, else {@code latest} unless the reference says
 */
public record ImageReference(String repository, String tag) {

  public static ImageReference parse(String reference) {
    if (reference.contains("@")) {
      return new ImageReference(reference, "");
    }
    int colon = reference.lastIndexOf(':');
    // A colon before the last slash belongs to the registry's port. One at the end is for the
    // engine to refuse: without a tag it would take all that there are.
    return colon > reference.lastIndexOf('/') && colon < reference.length() - 1
        ? new ImageReference(reference.substring(0, colon), reference.substring(colon + 1))
        : new ImageReference(reference, "latest");
  }
}
