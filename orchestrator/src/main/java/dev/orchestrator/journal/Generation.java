package dev.orchestrator.journal;

import dev.orchestrator.data.DataVolume;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/**
 * One capsule with its data: the n-th that this stack had.
 *
 * @param number grows by one; it is the epoch of the lease, and part of all names
 * @param content digest of what the image was built from: what quarantine goes by
 * @param image the engine's id of its image: by a name there may be another one later
 * @param volumes its data, the main one first
 * @param ports from {@code service:port} to the port of the capsule's address
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
    Instant created) {

  /** The same generation on other data volumes. */
  public Generation with(List<DataVolume> others) {
    return new Generation(
        number, version, content, image, container, others, storeVolume, ports, created);
  }

  /** What a generation is at present. */
  public enum State {
    /** Being prepared by an upgrade. */
    CANDIDATE,
    /** The one that serves, or that would if the stack were up. */
    SERVING,
    /** Stopped and kept, for rollback. */
    KEPT,
    /**
     * It served and was rolled back: stopped, its data is kept for a person to look at, and no
     * rollback goes there.
     */
    SET_ASIDE,
    REMOVED
  }
}
