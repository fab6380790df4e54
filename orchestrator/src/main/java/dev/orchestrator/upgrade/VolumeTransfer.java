package dev.orchestrator.upgrade;

import dev.orchestrator.data.DataVolume;
import dev.orchestrator.data.DataVolume.Method;
import dev.orchestrator.data.VolumeUsage;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a data volume of the next version gets its content.
 *
 * @param from what serves' volume; null where there is none: it begins empty
 * @param why that method, for a person
 * @param warnings for a person, a line each
 * @param measure of {@code from}; null where there is none
 */
public record VolumeTransfer(
    String name,
    List<String> paths,
    @Nullable DataVolume from,
    Method method,
    String why,
    List<String> warnings,
    @Nullable VolumeUsage usage) {

  /** One that begins empty. */
  static VolumeTransfer startEmpty(String name, List<String> paths) {
    return new VolumeTransfer(name, paths, null, Method.NEW, "it begins empty", List.of(), null);
  }

  boolean isCopy() {
    return method == Method.COPY || method == Method.REFLINK;
  }

  /** What a copy takes, in bytes. */
  public long bytesNeeded() {
    VolumeUsage known = usage;
    return method == Method.COPY && known != null ? known.used() : 0;
  }

  /** The volume that the next version gets. */
  DataVolume target(String newVolume) {
    DataVolume source = from;
    if (source == null || isCopy()) {
      return DataVolume.plain(name, newVolume, method, paths);
    }
    return method == Method.OVERLAY
        ? new DataVolume(name, newVolume, method, source.layers(), paths)
        : new DataVolume(name, source.volume(), method, source.lowers(), paths);
  }
}
