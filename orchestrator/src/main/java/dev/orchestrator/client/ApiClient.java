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
import java.util.Optional;

/**
 * The client of the service's API. Address and token are read for each call: a service that was
 * started again in between is found again. Blocking; what goes wrong is a {@link CommandException}.
 */
public final class ApiClient {
  private static final int CONNECT_MILLIS = 3_000;
  private static final int SHORT_MILLIS = 60_000;

  /** Three heartbeats: a stream that is silent for longer is lost. */
  private static final int STREAM_MILLIS = 30_000;

  private final ServiceLocation location;
  private final HomeFiles files;

  public ApiClient(ServiceLocation location) {
    this.location = location;
    this.files = new HomeFiles(location.home());
  }

  public String get(String path) {
    return exchange("GET", path, Map.of(), SHORT_MILLIS);
  }

  /** The same for an answer that takes longer. */
  public String get(String path, Duration deadline) {
    return exchange("GET", path, Map.of(), Math.toIntExact(deadline.toMillis()));
  }

  /** One query parameter, encoded. */
  public static String parameter(String name, String value) {
    return name + "=" + URLEncoder.encode(value, UTF_8);
  }

  /** One segment of a path, encoded. */
  public static String segment(String value) {
    return URLEncoder.encode(value, UTF_8).replace("+", "%20");
  }

  public String post(String path, Map<String, ?> body, Duration deadline) {
    return exchange("POST", path, body, Math.toIntExact(deadline.toMillis()));
  }

  /** Follows a run from the event after {@code lastSeen}. */
  public EventSource events(String id, long lastSeen) {
    String path = "/v1/upgrades/" + segment(id) + "/events";
    try {
      HttpURLConnection connection = open("GET", path, STREAM_MILLIS);
      connection.setRequestProperty("Accept", "text/event-stream");
      connection.setRequestProperty("Last-Event-ID", Long.toString(lastSeen));
      int status = connection.getResponseCode();
      if (status != 200) {
        throw refused(status, text(connection.getErrorStream()));
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
          throw refused(status, text(connection.getErrorStream()));
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
   * With a fixed length: otherwise Java sends a request again by itself when its answer is lost.
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
            URI.create("http://" + address() + path).toURL().openConnection(Proxy.NO_PROXY);
    connection.setRequestMethod(method);
    connection.setConnectTimeout(CONNECT_MILLIS);
    connection.setReadTimeout(readMillis);
    connection.setRequestProperty("Authorization", "Bearer " + token);
    connection.setRequestProperty("Connection", "close");
    return connection;
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

  private CommandException refused(int status, String body) {
    String reason = reason(body);
    return switch (status) {
      case 400 -> new CommandException(ExitCode.USAGE, reason);
      case 401 ->
          new CommandException(
              ExitCode.REFUSED, "the service refused the token in %s".formatted(files.token()));
      case 500 -> new CommandException(ExitCode.INTERNAL, "%s: %s".formatted(reason, files.log()));
      default -> new CommandException(ExitCode.REFUSED, reason);
    };
  }

  private static String reason(String body) {
    try {
      Object reason = Json.read(body, Map.class).get("error");
      if (reason instanceof String line && !line.isEmpty()) {
        return line;
      }
    } catch (IllegalArgumentException e) {
      return "the service answered with something else than JSON: is another program on its port?";
    }
    return "the service refused, without a reason";
  }

  private CommandException.Unreachable unreachable(IOException e) {
    String tried = location.configured();
    try {
      tried = address();
    } catch (IOException second) {
      e.addSuppressed(second);
    }
    return new CommandException.Unreachable(
        "the service isn't running (tried %s): start it with 'orchestrator serve --detach'"
            .formatted(tried),
        e);
  }

  private static String text(InputStream stream) throws IOException {
    if (stream == null) {
      return "";
    }
    try (stream) {
      return new String(stream.readAllBytes(), UTF_8);
    }
  }
}
