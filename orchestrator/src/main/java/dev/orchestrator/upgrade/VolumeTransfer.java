package dev.orchestrator.upgrade;

import dev.orchestrator.data.DataVolume;
import dev.orchestrator.data.DataVolume.Method;
import dev.orchestrator.data.VolumeUsage;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How one data volume of the next version gets its content. Immutable.
 *
 * @param from volume of the version that serves; null where there is none, so that the new volume
 *     begins empty
 * @param why the reason for the method, for a person
 * @param warnings for a person, a line each
 * @param usage size of {@code from}; null where there is none
 */
public record VolumeTransfer(
    String name,
    List<String> paths,
    @Nullable DataVolume from,
    Method method,
    String why,
    List<String> warnings,
    @Nullable VolumeUsage usage) {

  /** To begin a pass, and to write down what it has found. */
  private static final Duration LAST_PASS_OVERHEAD = Duration.ofMillis(300);

  /** A transfer to a volume that begins empty. */
  static VolumeTransfer startEmpty(String name, List<String> paths) {
    return new VolumeTransfer(name, paths, null, Method.NEW, "it begins empty", List.of(), null);
  }

  boolean isCopy() {
    return method == Method.COPY || method == Method.REFLINK;
  }

  /** Bytes that the transfer takes on the disk: a clone takes none. */
  public long bytesNeeded() {
    VolumeUsage known = usage;
    // Of a project of the host, a part may share its blocks: the rest alone is in its size.
    boolean taken = method == Method.COPY || (method == Method.REFLINK && from == null);
    return taken && known != null ? known.used() : 0;
  }

  /**
   * About how long the last pass of a copy will take where little changes: it lists both sides.
   * Zero for other methods.
   */
  public Duration lastPass() {
    VolumeUsage known = usage;
    return isCopy() && known != null
        ? LAST_PASS_OVERHEAD.plus(known.listing().multipliedBy(2))
        : Duration.ZERO;
  }

  /** What the files take that have changed in the last minute; zero for other methods. */
  public long changing() {
    VolumeUsage known = usage;
    return isCopy() && known != null ? known.recent() : 0;
  }

  /**
   * The volume that the next version gets.
   *
   * @param newVolume the engine's name for it where a new volume is made
   */
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
