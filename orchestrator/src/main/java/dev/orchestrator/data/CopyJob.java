package dev.orchestrator.data;

import java.time.Duration;
import java.util.Map;

/**
 * A copy to make.
 *
 * @param to a volume without layers below it; its method says whether files share their blocks
 * @param labels of the containers and volumes that are made for the copy
 * @param life time after which the copy's container ends by itself, if a crash left it behind
 * @param durable whether the copy is to survive a power cut; one that is thrown away with the run
 *     need not, and nobody waits for the disk then
 */
public record CopyJob(
    CopySource from, DataVolume to, Map<String, String> labels, Duration life, boolean durable) {

  /** A copy that is to survive a power cut. */
  public CopyJob(CopySource from, DataVolume to, Map<String, String> labels, Duration life) {
    this(from, to, labels, life, true);
  }

  boolean share() {
    return to.method() == DataVolume.Method.REFLINK;
  }
}
