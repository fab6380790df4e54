package dev.orchestrator.client;

import dev.orchestrator.common.Json;
import java.time.Duration;
import java.util.Map;

/**
 * The service's answer to a request that begins a run.
 *
 * @param id id of the run; empty when there was nothing to do
 */
public record RunAccepted(String id) {
  private static final Duration DEADLINE = Duration.ofSeconds(60);

  /** Asks the service to begin a run; returns its id, empty when there was nothing to do. */
  public static String begin(ApiClient api, String path, Map<String, ?> body) {
    return Json.read(api.post(path, body, DEADLINE), RunAccepted.class).id();
  }
}
