package dev.orchestrator.client;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.orchestrator.common.Json;
import dev.orchestrator.home.HomeFiles;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.Proxy;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.file.AccessDeniedException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The client of the service's HTTP API. It reads the address and the token before each call, so
 * that it finds a service that was restarted in between. A path is for the stack of the location,
 * where it has one: {@code /v1/status} becomes {@code /v1/stacks/NAME/status}. Calls block.
 * Failures are {@link CommandException}s: {@link CommandException.Unreachable} when the service
 * does not answer, {@link CommandException.NotYet} when it will accept the same request later.
 */
public final class ApiClient {
  private static final int CONNECT_MILLIS = 3_000;
  private static final int READ_MILLIS = 60_000;

  /** Three heartbeats of the service: a stream that is silent for longer is lost. */
  private static final int STREAM_MILLIS = 30_000;

  /** Requests that are for no stack. */
  private static final Set<String> SERVICE_PATHS =
      Set.of(
          "/v1/health",
          "/v1/stacks",
          "/v1/reload",
          "/v1/takeover",
          "/v1/projects",
          "/v1/adopt",
          "/v1/import");

  private final ServiceLocation location;
  private final HomeFiles files;

  public ApiClient(ServiceLocation location) {
    this.location = location;
    this.files = new HomeFiles(location.home());
  }

  /** The body of the answer to GET. */
  public String get(String path) {
    return exchange("GET", path, Map.of(), READ_MILLIS);
  }

  /** The body of the answer to GET, for requests that take the service longer. */
  public String get(String path, Duration deadline) {
    return exchange("GET", path, Map.of(), Math.toIntExact(deadline.toMillis()));
  }

  /** A query parameter, encoded: {@code name=value}. */
  public static String parameter(String name, String value) {
    return name + "=" + URLEncoder.encode(value, UTF_8);
  }

  /** A segment of a path, encoded. */
  public static String segment(String value) {
    return URLEncoder.encode(value, UTF_8).replace("+", "%20");
  }

  /** The body of the answer to POST with a JSON object. */
  public String post(String path, Map<String, ?> body, Duration deadline) {
    return exchange("POST", path, body, Math.toIntExact(deadline.toMillis()));
  }

  /** The body of the answer to DELETE. */
  public String delete(String path, Duration deadline) {
    return exchange("DELETE", path, Map.of(), Math.toIntExact(deadline.toMillis()));
  }

  /** The service's answer to a request that begins a run. */
  record RunAccepted(String id) {}

  /**
   * Asks the service to begin a run; returns its id, empty when there is nothing to do.
   *
   * @throws CommandException.NotYet when the service will begin the run later
   */
  public String beginRun(String path, Map<String, ?> body) {
    String answer = exchange("POST", path, body, READ_MILLIS);
    return Json.read(answer, RunAccepted.class).id();
  }

  /**
   * Asks the service to begin work on the backups; returns the id of the operation, empty when
   * there is nothing to do.
   *
   * @param deadline of the request: the service may have to start first
   */
  public String beginOperation(String path, Map<String, ?> body, Duration deadline) {
    return Json.read(post(path, body, deadline), RunAccepted.class).id();
  }

  /** Opens the stream of a run's events, from the event after the sequence {@code lastSeen}. */
  public EventSource events(String id, long lastSeen) {
    String path = "/v1/upgrades/" + segment(id) + "/events";
    try {
      HttpURLConnection connection = open("GET", path, STREAM_MILLIS);
      connection.setRequestProperty("Accept", "text/event-stream");
      connection.setRequestProperty("Last-Event-ID", Long.toString(lastSeen));
      int status = connection.getResponseCode();
      if (status != 200) {
        throw failure(status, text(connection.getErrorStream()));
      }
      return new EventSource(connection.getInputStream(), connection::disconnect);
    } catch (IOException e) {
      throw unreachable(e);
    }
  }

  private String exchange(String method, String path, Map<String, ?> body, int readMillis) {
    try {
      HttpURLConnection connection = open(method, path, readMillis);
      try {
        if (method.equals("POST")) {
          send(connection, Json.write(body).getBytes(UTF_8));
        }
        int status = connection.getResponseCode();
        if (status >= 400) {
          throw failure(status, text(connection.getErrorStream()));
        }
        return text(connection.getInputStream());
      } finally {
        connection.disconnect();
      }
    } catch (SocketTimeoutException e) {
      throw new CommandException.Unreachable(
          "the service did not answer within %d s; its log: %s"
              .formatted(readMillis / 1000, files.log()),
          e);
    } catch (IOException e) {
      throw unreachable(e);
    }
  }

  /**
   * Sends the body with a fixed length: otherwise Java repeats a request by itself when its answer
   * is lost, and a run would begin twice.
   */
  private static void send(HttpURLConnection connection, byte[] body) throws IOException {
    connection.setRequestProperty("Content-Type", "application/json");
    connection.setDoOutput(true);
    connection.setFixedLengthStreamingMode(body.length);
    try (OutputStream out = connection.getOutputStream()) {
      out.write(body);
    }
  }

  private HttpURLConnection open(String method, String path, int readMillis) throws IOException {
    String token = read(files.token()).orElse("none");
    HttpURLConnection connection =
        (HttpURLConnection)
            URI.create("http://" + address() + ofStack(path))
                .toURL()
                .openConnection(Proxy.NO_PROXY);
    connection.setRequestMethod(method);
    connection.setConnectTimeout(CONNECT_MILLIS);
    connection.setReadTimeout(readMillis);
    connection.setRequestProperty("Authorization", "Bearer " + token);
    connection.setRequestProperty("Connection", "close");
    return connection;
  }

  /** The path of a request for the stack that commands are for, where one was named. */
  private String ofStack(String path) {
    String stack = location.stack();
    return stack == null || SERVICE_PATHS.contains(path.replaceFirst("[?].*", ""))
        ? path
        : path.replaceFirst("^/v1/", "/v1/stacks/" + segment(stack) + "/");
  }

  private String address() throws IOException {
    return read(files.address()).orElse(location.configured());
  }

  private static Optional<String> read(Path file) throws IOException {
    try {
      return HomeFiles.read(file);
    } catch (AccessDeniedException e) {
      throw new CommandException(
          ExitCode.REFUSED,
          "%s can't be read by this user: run the command as the user who runs the service"
              .formatted(file),
          e);
    }
  }

  /** The fields of an error's body; others may be added. */
  private record ErrorBody(@Nullable String error, boolean retry) {}

  private CommandException failure(int status, String body) {
    ErrorBody answer = errorBody(body);
    String line = answer.error();
    String reason = line == null || line.isEmpty() ? "the service refused, without a reason" : line;
    return switch (status) {
      case 400 -> new CommandException(ExitCode.USAGE, reason);
      case 401 ->
          new CommandException(
              ExitCode.REFUSED, "the service refused the token in %s".formatted(files.token()));
      case 404 -> new CommandException.Unknown(reason);
      case 500 -> new CommandException(ExitCode.INTERNAL, "%s: %s".formatted(reason, files.log()));
      default ->
          answer.retry()
              ? new CommandException.NotYet(reason)
              : new CommandException(ExitCode.REFUSED, reason);
    };
  }

  private static ErrorBody errorBody(String body) {
    try {
      // Jackson reads the JSON text "null" as null.
      return Objects.requireNonNullElse(
          Json.read(body, ErrorBody.class), new ErrorBody(null, false));
    } catch (IllegalArgumentException e) {
      return new ErrorBody(
          "the service's answer is not JSON: is another program on its port?", false);
    }
  }

  private CommandException.Unreachable unreachable(IOException e) {
    String tried = location.configured();
    try {
      tried = address();
    } catch (IOException unreadable) {
      e.addSuppressed(unreadable);
    }
    return new CommandException.Unreachable(
        "the service isn't running (tried %s): start it with 'orchestrator serve --detach'"
            .formatted(tried),
        e);
  }

  private static String text(@Nullable InputStream stream) throws IOException {
    if (stream == null) {
      return "";
    }
    try (stream) {
      return new String(stream.readAllBytes(), UTF_8);
    }
  }
}
