package dev.orchestrator.engine;

/**
 * A named volume or, where {@code source} starts with a slash, a path of the engine's host, at a
 * path of the container.
 *
 * @param propagation of a host's path: how mounts below it go through, such as {@code rslave};
 *     empty: the engine's default, {@code rprivate}
 */
public record Mount(String source, String target, boolean readOnly, String propagation) {

  /** With the default propagation. */
  public Mount(String source, String target, boolean readOnly) {
    this(source, target, readOnly, "");
  }

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
