package dev.orchestrator.compose;

import java.util.Map;

/**
 * What must be asked of the engine's host before a compose file can be judged.
 *
 * @param devices whether it names devices
 * @param zone whether it mounts the host's time zone
 * @param paths granted paths of the host that it uses, each with the wanted propagation of mounts:
 *     {@code rslave} or {@code rshared}
 */
public record HostQuestions(boolean devices, boolean zone, Map<String, String> paths) {
  public HostQuestions {
    paths = Map.copyOf(paths);
  }
}
