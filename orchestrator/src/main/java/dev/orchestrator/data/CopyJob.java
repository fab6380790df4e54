package dev.orchestrator.data;

import java.time.Duration;
import java.util.Map;

/**
 * A copy to make.
 *
 * @param to a volume without layers below it; its method says whether files share their blocks
 * @param labels of the containers and volumes that are made for the copy
 * @param life time after which the copy's container ends by itself, if a crash left it behind
 */
public record CopyJob(CopySource from, DataVolume to, Map<String, String> labels, Duration life) {

  boolean share() {
    return to.method() == DataVolume.Method.REFLINK;
  }
}
