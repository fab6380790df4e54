package dev.orchestrator.api;

import dev.orchestrator.common.Json;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;
import java.util.Map;

/** Writes answers: always JSON, always one line of reason when something is wrong. */
final class JsonResponses {
  private JsonResponses() {}

  static void json(RoutingContext context, int status, Object body) {
    text(context, status, Json.write(body));
  }

  static void text(RoutingContext context, int status, String json) {
    HttpServerResponse response = context.response();
    if (response.ended() || response.closed()) {
      return; // The client is gone: there is nobody to answer.
    }
    response
        .setStatusCode(status)
        .putHeader(HttpHeaders.CONTENT_TYPE, "application/json")
        .putHeader(HttpHeaders.CACHE_CONTROL, "no-store")
        .end(json);
  }

  static void error(RoutingContext context, int status, String line) {
    json(context, status, Map.of("error", line.lines().findFirst().orElse("")));
  }
}
