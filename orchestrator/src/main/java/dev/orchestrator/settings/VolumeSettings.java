package dev.orchestrator.settings;

import dev.orchestrator.settings.DataSettings.Strategy;
import java.util.List;

/**
 * A data volume beside the main one.
 *
 * @param paths the paths below /data that it holds in place of the main volume: {@code binds/media}
 *     for {@code ./media} of the compose file, {@code volumes/media} for its named volume {@code
 *     media}
 * @param immutable whether its files never change once they are written, so that both versions can
 *     use them
 */
public record VolumeSettings(
    String name, List<String> paths, Strategy strategy, boolean immutable) {

  public VolumeSettings {
    paths = List.copyOf(paths);
  }

  /** Of an absolute path in a capsule, below /data, the part that says what it holds. */
  public static String held(String path) {
    return path.replaceFirst("^/data/(extra/[^/]*/)?", "");
  }

  /** A path as the author of the compose file wrote it. */
  public static String shown(String path) {
    if (path.equals("binds")) {
      return ".";
    }
    return path.startsWith("binds/")
        ? "./" + path.substring("binds/".length())
        : path.substring("volumes/".length());
  }
}
