package dev.orchestrator.api;

import dev.orchestrator.common.Json;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;
import java.util.Map;

/**
 * Writes answers as JSON; an error is {@code {"error": "one line"}}, a refusal with several reasons
 * has a line for each. Event-loop code.
 */
final class JsonResponses {
  private JsonResponses() {}

  private static void json(RoutingContext context, int status, Object body) {
    text(context, status, Json.write(body));
  }

  static void text(RoutingContext context, int status, String json) {
    HttpServerResponse response = context.response();
    if (response.ended() || response.closed()) {
      return; // The client has closed the connection.
    }
    response
        .setStatusCode(status)
        .putHeader(HttpHeaders.CONTENT_TYPE, "application/json")
        .putHeader(HttpHeaders.CACHE_CONTROL, "no-store")
        .end(json);
  }

  static void error(RoutingContext context, int status, String line) {
    json(context, status, Map.of("error", firstLine(line)));
  }

  /** Refuses a request, with all the reasons. */
  static void refused(RoutingContext context, String lines) {
    json(context, 409, Map.of("error", lines));
  }

  /** The body of a refusal that passes by itself. */
  private record NotYetBody(String error, boolean retry) {}

  /** Refuses a request that the service will admit later. */
  static void notYet(RoutingContext context, String line) {
    json(context, 409, new NotYetBody(firstLine(line), true));
  }

  private static String firstLine(String text) {
    return text.lines().findFirst().orElse("");
  }
}
