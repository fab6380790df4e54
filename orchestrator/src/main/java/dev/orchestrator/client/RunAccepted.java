package dev.orchestrator.client;

import dev.orchestrator.common.Json;
import java.time.Duration;
import java.util.Map;

/**
 * The answer to a request that starts a run.
 *
 * @param id of the run; empty when there was nothing to do
 */
public record RunAccepted(String id) {
  private static final Duration DEADLINE = Duration.ofSeconds(60);

  /** Asks for a run; returns its id. */
  public static String run(ApiClient api, String path, Map<String, ?> body) {
    return Json.read(api.post(path, body, DEADLINE), RunAccepted.class).id();
  }
}
