package dev.orchestrator.proxy.http;

import dev.orchestrator.proxy.gate.GateState;
import dev.orchestrator.proxy.gate.GateState.Holding;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.time.Duration;
import java.time.Instant;

/** Responses of the proxy's own, for requests that it does not pass on or that fail. */
final class ErrorResponses {
  private static final long SHORTEST_RETRY_SECONDS = 1;
  private static final long LONGEST_RETRY_SECONDS = 30;

  private ErrorResponses() {}

  /** Writes a response after which the connection is closed; a 503 says when to try again. */
  static void write(ByteBuf out, int status, String text, GateState gate) {
    HttpResponseStatus known = HttpResponseStatus.valueOf(status);
    String body = known + ": " + text.replaceAll("[^ -~]", "?") + "\n";
    ByteBufUtil.writeAscii(out, "HTTP/1.1 " + known + "\r\n");
    if (status == HttpResponseStatus.SERVICE_UNAVAILABLE.code()) {
      ByteBufUtil.writeAscii(out, "retry-after: " + retryAfter(gate) + "\r\n");
    }
    ByteBufUtil.writeAscii(
        out,
        "content-type: text/plain\r\ncache-control: no-store\r\nconnection: close\r\n"
            + "content-length: "
            + body.length()
            + "\r\n\r\n"
            + body);
  }

  private static long retryAfter(GateState gate) {
    return gate instanceof Holding(Instant until, var _)
        ? Math.clamp(
            Duration.between(Instant.now(), until).toSeconds(),
            SHORTEST_RETRY_SECONDS,
            LONGEST_RETRY_SECONDS)
        : SHORTEST_RETRY_SECONDS;
  }
}
