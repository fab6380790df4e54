package dev.orchestrator.health;

import dev.orchestrator.capsule.Capsule;
import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.engine.ExecResult;
import dev.orchestrator.settings.Probe;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.ConnectOptions;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetClientOptions;
import io.vertx.ext.web.client.HttpResponse;
import io.vertx.ext.web.client.WebClient;
import io.vertx.ext.web.client.WebClientOptions;
import java.net.ConnectException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Runs probes, each on a connection of its own, as a new client would come. Calls block: never from
 * an event loop. Any other thread.
 */
final class ProbeRunner {
  /** Longer than the clients' own timeouts, so that it is they who say what happened. */
  private static final Duration MARGIN = Duration.ofSeconds(2);

  private static final int MAX_QUOTE = 80;

  private final WebClient http;
  private final NetClient tcp;

  ProbeRunner(Vertx vertx) {
    this.http =
        WebClient.create(
            vertx,
            new WebClientOptions()
                .setKeepAlive(false)
                .setFollowRedirects(false)
                .setUserAgent("orchestrator-probe"));
    this.tcp = vertx.createNetClient(new NetClientOptions());
  }

  /**
   * Asks once.
   *
   * @param ports from {@code service:port} to the capsule's port
   * @return what is wrong, or empty
   */
  Optional<String> run(Capsule capsule, Probe probe, Map<String, Integer> ports) {
    return switch (probe.check()) {
      case Probe.Http check -> http(capsule, probe, check, port(ports, probe, check.port()));
      case Probe.Tcp check -> tcp(capsule, probe, check, port(ports, probe, check.port()));
      case Probe.Exec check -> exec(capsule, probe, check);
    };
  }

  private Optional<String> http(Capsule capsule, Probe probe, Probe.Http check, int port) {
    String what = "GET %s at port %d".formatted(check.path(), check.port());
    Future<HttpResponse<Buffer>> asked =
        http.get(port, capsule.address(), check.path())
            .timeout(probe.timeout().toMillis())
            .connectTimeout(probe.timeout().toMillis())
            .send();
    Answer<HttpResponse<Buffer>> answer = await(asked, probe.timeout());
    if (answer.value() == null) {
      return Optional.of(what + ": " + answer.error());
    }
    HttpResponse<Buffer> response = answer.value();
    if (response.statusCode() != check.status()) {
      return Optional.of(
          "%s: status %d, not %d".formatted(what, response.statusCode(), check.status()));
    }
    Pattern pattern = check.body();
    String body = response.bodyAsString() == null ? "" : response.bodyAsString();
    if (pattern != null && !pattern.matcher(body).find()) {
      return Optional.of(
          "%s: its body does not match /%s/: %s".formatted(what, pattern, quote(body)));
    }
    return Optional.empty();
  }

  private Optional<String> tcp(Capsule capsule, Probe probe, Probe.Tcp check, int port) {
    Future<Void> connected =
        tcp.connect(
                new ConnectOptions()
                    .setHost(capsule.address())
                    .setPort(port)
                    .setTimeout((int) probe.timeout().toMillis()))
            .compose(socket -> socket.close());
    Answer<Boolean> answer = await(connected.map(nothing -> true), probe.timeout());
    return answer.value() == null
        ? Optional.of("connection to port %d: %s".formatted(check.port(), answer.error()))
        : Optional.empty();
  }

  private static Optional<String> exec(Capsule capsule, Probe probe, Probe.Exec check) {
    String what = String.join(" ", check.command());
    try {
      ExecResult result = capsule.exec(probe.service(), check.command(), probe.timeout());
      return result.ok()
          ? Optional.empty()
          : Optional.of(
              "%s: exit code %d: %s".formatted(what, result.exitCode(), quote(result.lastWords())));
    } catch (CapsuleException e) {
      return Optional.of("%s: %s".formatted(what, e.getMessage()));
    }
  }

  private record Answer<T>(@Nullable T value, String error) {}

  private static <T> Answer<T> await(Future<T> future, Duration timeout) {
    String late = "no answer within %d ms".formatted(timeout.toMillis());
    try {
      T value =
          future
              .toCompletionStage()
              .toCompletableFuture()
              .get(timeout.plus(MARGIN).toMillis(), TimeUnit.MILLISECONDS);
      return new Answer<>(value, "");
    } catch (TimeoutException e) {
      return new Answer<>(null, late);
    } catch (ExecutionException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      if (cause instanceof TimeoutException || cause.getClass().getName().contains("Timeout")) {
        return new Answer<>(null, late);
      }
      boolean refused = cause instanceof ConnectException;
      String message = String.valueOf(cause.getMessage());
      return new Answer<>(null, refused ? "connection refused" : message);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new Answer<>(null, "interrupted");
    }
  }

  private static int port(Map<String, Integer> ports, Probe probe, int port) {
    Integer mapped = ports.get(probe.service() + ":" + port);
    if (mapped == null) {
      throw new HealthException(
          "probe %s: the capsule has no port for %s:%d; build the version again"
              .formatted(probe.name(), probe.service(), port));
    }
    return mapped;
  }

  private static String quote(String text) {
    String line = text.strip().replaceAll("\\s+", " ");
    return line.length() <= MAX_QUOTE ? line : line.substring(0, MAX_QUOTE) + "…";
  }
}
