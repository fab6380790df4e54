package dev.orchestrator.engine;

/**
 * An image reference in the two parts that the engine's API takes.
 *
 * @param repository with the digest when the reference has a digest ({@code app@sha256:…})
 * @param tag empty when the reference has a digest; {@code latest} when it has neither
 */
public record ImageReference(String repository, String tag) {

  /**
   * The name that is the same for every way to write it: with a tag or a digest, and without the
   * name of Docker's own registry.
   */
  public String fullName() {
    String name = repository.replaceFirst("^(index\\.)?docker\\.io/(library/)?", "");
    return tag.isEmpty() ? name : name + ":" + tag;
  }

  public static ImageReference parse(String reference) {
    if (reference.contains("@")) {
      return new ImageReference(reference, "");
    }
    int colon = reference.lastIndexOf(':');
    // A colon before the last slash belongs to the registry's port. A reference that ends with a
    // colon is left for the engine to refuse: with an empty tag it would pull every tag.
    return colon > reference.lastIndexOf('/') && colon < reference.length() - 1
        ? new ImageReference(reference.substring(0, colon), reference.substring(colon + 1))
        : new ImageReference(reference, "latest");
  }
}
