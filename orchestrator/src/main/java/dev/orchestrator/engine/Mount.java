package dev.orchestrator.engine;

/**
 * A named volume or, where {@code source} starts with a slash, a path of the engine's host, at a
 * path of the container.
 */
public record Mount(String source, String target, boolean readOnly) {

  public static Mount of(String source, String target) {
    return new Mount(source, target, false);
  }

  public static Mount readOnly(String source, String target) {
    return new Mount(source, target, true);
  }

  /** Whether {@code source} is a path of the engine's host. */
  public boolean hostPath() {
    return source.startsWith("/");
  }
}
