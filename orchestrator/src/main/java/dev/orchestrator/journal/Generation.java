package dev.orchestrator.journal;

import dev.orchestrator.data.DataVolume;
import dev.orchestrator.engine.RemoteEngine;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A capsule with its data. A stack's generations are numbered in the order of their preparation.
 *
 * @param number also the epoch of the data's lease, and a part of the names of its container and
 *     volumes
 * @param content digest of the version as its author wrote it, by which quarantine knows a version
 * @param image the engine's id of its image: another image may get its name later
 * @param volumes its data, the main volume first
 * @param storeVolume of its inner engine: holds no data
 * @param ports from {@code service:port} to the port of the capsule's address
 * @param elsewhere the other engine that its container and volumes are on; null on this host's
 */
public record Generation(
    int number,
    String version,
    String content,
    String image,
    String container,
    List<DataVolume> volumes,
    String storeVolume,
    Map<String, Integer> ports,
    Instant created,
    @Nullable RemoteEngine elsewhere) {

  /** A generation on the engine of this host. */
  public Generation(
      int number,
      String version,
      String content,
      String image,
      String container,
      List<DataVolume> volumes,
      String storeVolume,
      Map<String, Integer> ports,
      Instant created) {
    this(number, version, content, image, container, volumes, storeVolume, ports, created, null);
  }

  /** The same generation on other data volumes. */
  public Generation with(List<DataVolume> others) {
    return new Generation(
        number, version, content, image, container, others, storeVolume, ports, created, elsewhere);
  }

  /** What a generation is used for at present. */
  public enum State {
    /** A run prepares it. */
    CANDIDATE,
    /** It serves, or would serve if the stack were not down. */
    SERVING,
    /** It is stopped, and a rollback may go to it. */
    KEPT,
    /**
     * It served and was rolled back: it is stopped, its data is kept for a person to look at, and
     * no rollback goes to it.
     */
    SET_ASIDE,
    /**
     * It is the data of a snapshot, which nobody writes to. The engine has neither a container nor
     * a store volume of its number.
     */
    SNAPSHOT,
    REMOVED
  }
}
