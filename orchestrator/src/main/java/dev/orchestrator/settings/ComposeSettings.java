package dev.orchestrator.settings;

import java.util.List;
import java.util.Map;

/**
 * What Compose is told of a stack beside its compose file.
 *
 * @param files names of the compose files in a release's folder, in the order in which Compose
 *     merges them; empty: those that Compose itself would take
 * @param env variables that take the place of the shell's, over those of {@code .env}; their values
 *     may be secrets
 * @param adoptedPaths from paths of the host, or from the release's folder and out of it, to the
 *     paths in the release's folder that they mean since the stack was adopted
 * @param secrets names of variables, and paths of files in a release's folder, that an export
 *     leaves out
 */
public record ComposeSettings(
    List<String> files,
    Map<String, String> env,
    Map<String, String> adoptedPaths,
    List<String> secrets) {
  /** Without paths that mean others, and without secrets. */
  public ComposeSettings(List<String> files, Map<String, String> env) {
    this(files, env, Map.of());
  }

  /** Without secrets. */
  public ComposeSettings(
      List<String> files, Map<String, String> env, Map<String, String> adoptedPaths) {
    this(files, env, adoptedPaths, List.of());
  }

  /** The defaults: the files that Compose takes, no variables. */
  public static final ComposeSettings DEFAULT = new ComposeSettings(List.of(), Map.of());

  /** Without the values of the variables. */
  @Override
  public String toString() {
    return "ComposeSettings[files=%s, env=%s, adoptedPaths=%s, secrets=%s]"
        .formatted(files, env.keySet(), adoptedPaths, secrets);
  }
}
