package dev.orchestrator.data;

import java.util.List;

/**
 * The difference between the files of two volumes, from the first to the second.
 *
 * @param paths the first of these, each after {@code +}, {@code ~} or {@code -} and a space
 */
public record VolumeDifference(Count added, Count changed, Count removed, List<String> paths) {
  /** Files and links, and their size: of removed ones in the first volume, else in the second. */
  public record Count(long files, long bytes) {}
}
