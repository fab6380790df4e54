package dev.orchestrator.data;

import java.time.Duration;

/**
 * How much space a volume takes, and how much there is for another. Sizes are in bytes.
 *
 * @param files number of regular files
 * @param links number of those that have more than one name
 * @param largest size of the largest file of a database; 0 when there is none
 * @param free space on the disk where the engine keeps its volumes
 * @param fileSystem of that disk, such as {@code ext2/ext3} or {@code xfs}
 * @param share whether files can share their blocks on that file system
 * @param listing time that a listing of all its entries takes, with their status in memory
 * @param recent what the files take that have changed within the last minute: about what the last
 *     pass of a copy would have to move
 */
public record VolumeUsage(
    long used,
    long files,
    long links,
    long largest,
    long free,
    String fileSystem,
    boolean share,
    Duration listing,
    long recent) {

  public VolumeUsage withUsed(long bytes) {
    return new VolumeUsage(bytes, files, links, largest, free, fileSystem, share, listing, recent);
  }

  /** The same, where its copy is made on another disk. */
  public VolumeUsage withFree(long bytes) {
    return new VolumeUsage(used, files, links, largest, bytes, fileSystem, share, listing, recent);
  }

  /** Both together; some of the files can share their blocks when those of either can. */
  public VolumeUsage plus(VolumeUsage other) {
    return new VolumeUsage(
        used + other.used,
        files + other.files,
        links + other.links,
        Math.max(largest, other.largest),
        Math.min(free, other.free),
        fileSystem,
        share || other.share,
        listing.plus(other.listing),
        recent + other.recent);
  }
}
