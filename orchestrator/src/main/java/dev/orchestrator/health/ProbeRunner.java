package dev.orchestrator.health;

import dev.orchestrator.capsule.Capsule;
import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.common.OutputText;
import dev.orchestrator.engine.ExecResult;
import dev.orchestrator.settings.Probe;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.net.ConnectOptions;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetClientOptions;
import io.vertx.ext.web.client.HttpResponse;
import io.vertx.ext.web.client.WebClient;
import io.vertx.ext.web.client.WebClientOptions;
import java.net.ConnectException;
import java.time.Duration;
import java.util.List;
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
  /** Longer than the clients' own time-outs, so that their failure is the one that is reported. */
  private static final Duration MARGIN = Duration.ofSeconds(2);

  /** Of a command, which may be a script or hold a password. */
  private static final int MAX_COMMAND = 40;

  private static final int MAX_COMMAND_BEGINNING = 20;

  private final WebClient http;
  private final NetClient tcp;

  ProbeRunner(Vertx vertx) {
    this.http =
        WebClient.create(
            vertx,
            new WebClientOptions()
                .setKeepAlive(false)
                .setFollowRedirects(false)
                .setUserAgent("orchestrator-probe"),
            // No connection is kept, so there is none to look for every second.
            new PoolOptions().setCleanerPeriod(0));
    this.tcp = vertx.createNetClient(new NetClientOptions());
  }

  /**
   * Runs a probe once.
   *
   * @param ports from {@code service:port} to the capsule's port
   * @return what is wrong; empty when the probe passes
   */
  Optional<HealthProblem> run(Capsule capsule, Probe probe, Map<String, Integer> ports) {
    try {
      return switch (probe.check()) {
        case Probe.Http check -> http(capsule, probe, check, port(ports, probe, check.port()));
        case Probe.Tcp check -> tcp(capsule, probe, check, port(ports, probe, check.port()));
        case Probe.Exec check -> exec(capsule, probe, check);
      };
    } catch (CapsuleException e) {
      return problem(probe, String.valueOf(e.getMessage()));
    }
  }

  private Optional<HealthProblem> http(Capsule capsule, Probe probe, Probe.Http check, int port) {
    String request = "GET %s at port %d".formatted(check.path(), check.port());
    Future<HttpResponse<Buffer>> asked =
        http.get(port, capsule.address(), check.path())
            .timeout(probe.timeout().toMillis())
            .connectTimeout(probe.timeout().toMillis())
            .send();
    Answer<HttpResponse<Buffer>> answer = await(asked, probe.timeout());
    if (answer.value() == null) {
      return problem(probe, request + ": " + answer.error());
    }
    HttpResponse<Buffer> response = answer.value();
    if (response.statusCode() != check.status()) {
      return problem(
          probe, "%s: status %d, not %d".formatted(request, response.statusCode(), check.status()));
    }
    Pattern pattern = check.body();
    String body = response.bodyAsString() == null ? "" : response.bodyAsString();
    if (pattern != null && !pattern.matcher(body).find()) {
      String brief = "%s: its body does not match /%s/".formatted(request, pattern);
      return problem(probe, brief, brief + ": " + OutputText.quote(body, HealthChecker.MAX_QUOTE));
    }
    return Optional.empty();
  }

  private Optional<HealthProblem> tcp(Capsule capsule, Probe probe, Probe.Tcp check, int port) {
    Future<Void> connected =
        tcp.connect(
                new ConnectOptions()
                    .setHost(capsule.address())
                    .setPort(port)
                    .setTimeout((int) probe.timeout().toMillis()))
            .compose(socket -> socket.close());
    Answer<Boolean> answer = await(connected.map(nothing -> true), probe.timeout());
    return answer.value() == null
        ? problem(probe, "connection to port %d: %s".formatted(check.port(), answer.error()))
        : Optional.empty();
  }

  private static Optional<HealthProblem> exec(Capsule capsule, Probe probe, Probe.Exec check) {
    String command = command(check.command());
    ExecResult result;
    try {
      result = capsule.exec(probe.service(), check.command(), probe.timeout());
    } catch (CapsuleException e) {
      return problem(probe, "%s: %s".formatted(command, e.getMessage()));
    }
    if (result.ok()) {
      return Optional.empty();
    }
    String brief = "exit code " + result.exitCode();
    String output = OutputText.quote(result.errorLine(), HealthChecker.MAX_QUOTE);
    return problem(probe, brief, "%s: %s: %s".formatted(command, brief, output));
  }

  /** A long command's first words, at least its program. */
  private static String command(List<String> words) {
    String whole = String.join(" ", words);
    if (whole.length() <= MAX_COMMAND) {
      return whole;
    }
    StringBuilder beginning = new StringBuilder(words.getFirst());
    for (String word : words.subList(1, words.size())) {
      if (beginning.length() + 1 + word.length() > MAX_COMMAND_BEGINNING) {
        break;
      }
      beginning.append(' ').append(word);
    }
    return beginning + " …";
  }

  private static Optional<HealthProblem> problem(Probe probe, String text) {
    return problem(probe, text, text);
  }

  private static Optional<HealthProblem> problem(Probe probe, String brief, String text) {
    return Optional.of(
        new HealthProblem("probe " + probe.name(), probe.service(), brief, text, false));
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
}
