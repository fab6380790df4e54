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
 */
public record ComposeSettings(List<String> files, Map<String, String> env) {
  /** The defaults: the files that Compose takes, no variables. */
  public static final ComposeSettings DEFAULT = new ComposeSettings(List.of(), Map.of());

  /** Without the values of the variables. */
  @Override
  public String toString() {
    return "ComposeSettings[files=%s, env=%s]".formatted(files, env.keySet());
  }
}
