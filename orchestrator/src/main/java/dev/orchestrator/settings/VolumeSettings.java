package dev.orchestrator.settings;

import dev.orchestrator.settings.DataSettings.Strategy;
import java.util.List;

/**
 * A data volume of its own.
 *
 * @param paths what it holds, as below /data without it: {@code binds/media} for {@code ./media} of
 *     the compose file, {@code volumes/media} for its named volume {@code media}
 * @param immutable whether its files never change once they are written: both versions can use them
 */
public record VolumeSettings(
    String name, List<String> paths, Strategy strategy, boolean immutable) {

  public VolumeSettings {
    paths = List.copyOf(paths);
  }

  /** A path as its author wrote it. */
  public static String shown(String path) {
    return path.startsWith("binds/")
        ? "./" + path.substring("binds/".length())
        : path.substring("volumes/".length());
  }
}
