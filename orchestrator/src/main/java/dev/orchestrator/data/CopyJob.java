package dev.orchestrator.data;

import java.time.Duration;
import java.util.Map;

/**
 * A copy to make.
 *
 * @param to by itself, not layered; its method says whether files share their blocks
 * @param labels of what is made for it
 * @param life after which a helper that nobody has ended ends by itself
 */
public record CopyJob(DataVolume from, DataVolume to, Map<String, String> labels, Duration life) {

  boolean share() {
    return to.method() == DataVolume.Method.REFLINK;
  }
}
