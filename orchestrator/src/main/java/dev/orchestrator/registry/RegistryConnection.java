package dev.orchestrator.registry;

import com.fasterxml.jackson.databind.JsonNode;
import dev.orchestrator.common.Json;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;

/**
 * HTTP to a registry of images, with the login of Docker. Requests that are cut off are made again
 * where that is safe; what it answers becomes a {@link RegistryException} of one line. Calls block;
 * one thread.
 */
final class RegistryConnection implements AutoCloseable {
  static final Duration TIMEOUT = Duration.ofMinutes(2);
  static final int TRIES = 5;
  static final int LONGEST_TEXT = 16 << 20;

  private static final Duration PAUSE = Duration.ofMillis(200);
  private static final Pattern FIELD = Pattern.compile("(\\w+)=\"([^\"]*)\"");

  private final RegistryReference place;
  private final Map<String, String> environment;
  private final HttpClient http;
  private String scheme = "https";
  private String authorization = "";

  RegistryConnection(RegistryReference place, Map<String, String> environment) {
    this.place = place;
    this.environment = Map.copyOf(environment);
    this.http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(20))
            .followRedirects(HttpClient.Redirect.NORMAL)
            .sslContext(RegistryLogin.trust(place.host(), environment))
            .build();
  }

  /** Asks whether it is a registry that lets us in. */
  void open(boolean push) {
    String doing = "reaching registry " + place.host();
    try {
      if (place.isLoopback() && speaksPlainly()) {
        scheme = "http";
      }
      HttpResponse<InputStream> answer = send(request("/v2/"), doing);
      int status = answer.statusCode();
      if (status == 401) {
        answer.body().close();
        login(challenge(answer), push, doing);
        HttpResponse<InputStream> again = send(request("/v2/"), doing);
        require(again, doing, 200);
        again.body().close();
      } else {
        require(answer, doing, 200);
        answer.body().close();
      }
    } catch (IOException e) {
      throw cut(doing, e);
    }
  }

  /** As with Docker: a registry of this machine needs no TLS. */
  private boolean speaksPlainly() {
    try {
      HttpResponse<InputStream> answer =
          once(
              HttpRequest.newBuilder(URI.create("http://%s/v2/".formatted(place.host())))
                  .timeout(TIMEOUT));
      answer.body().close();
      // What a server with TLS says to that.
      return answer.statusCode() != 400;
    } catch (IOException _) {
      return false;
    }
  }

  private static String challenge(HttpResponse<?> answer) {
    return answer.headers().firstValue("WWW-Authenticate").orElse("");
  }

  private void login(String challenge, boolean push, String doing) throws IOException {
    Optional<String> basic = RegistryLogin.basic(place.host(), environment);
    if (challenge.regionMatches(true, 0, "Basic", 0, 5)) {
      if (basic.isEmpty()) {
        throw new RegistryException(
            "registry %s wants a login: 'docker login %s' first"
                .formatted(place.host(), place.host()));
      }
      authorization = "Basic " + basic.get();
      return;
    }
    if (!challenge.regionMatches(true, 0, "Bearer", 0, 6)) {
      throw new RegistryException(
          "registry %s wants a login of a kind that is not known here: %s"
              .formatted(place.host(), oneLine(challenge)));
    }
    String realm = "";
    StringBuilder query = new StringBuilder();
    Matcher fields = FIELD.matcher(challenge);
    while (fields.find()) {
      if (fields.group(1).equals("realm")) {
        realm = fields.group(2);
      } else if (!fields.group(1).equals("scope")) {
        query.append('&').append(fields.group(1)).append('=').append(encode(fields.group(2)));
      }
    }
    String scope = "repository:%s:%s".formatted(place.name(), push ? "pull,push" : "pull");
    URI uri = uri(realm + (realm.contains("?") ? "&" : "?") + "scope=" + encode(scope) + query);
    HttpRequest.Builder asking = HttpRequest.newBuilder(uri).timeout(TIMEOUT);
    basic.ifPresent(login -> asking.header("Authorization", "Basic " + login));
    HttpResponse<InputStream> answer = send(asking, doing);
    if (answer.statusCode() == 401) {
      answer.body().close();
      throw refusedLogin();
    }
    require(answer, doing, 200);
    JsonNode token = json(text(answer), doing);
    authorization = "Bearer " + token.path("token").asText(token.path("access_token").asText());
  }

  private static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  URI uri(String text) {
    try {
      return URI.create(text);
    } catch (IllegalArgumentException e) {
      throw new RegistryException(
          "registry %s names an address that is none: %s".formatted(place.host(), oneLine(text)),
          e);
    }
  }

  URI base() {
    return URI.create("%s://%s/".formatted(scheme, place.host()));
  }

  HttpRequest.Builder request(String path) {
    return authorized(HttpRequest.newBuilder(base().resolve(path)).timeout(TIMEOUT));
  }

  HttpRequest.Builder authorized(HttpRequest.Builder request) {
    return authorization.isEmpty() ? request : request.setHeader("Authorization", authorization);
  }

  /** Sends; a cut connection is tried again, as is a server that is busy for a moment. */
  HttpResponse<InputStream> send(HttpRequest.Builder request, String doing) throws IOException {
    IOException last = null;
    for (int i = 0; i < TRIES; i++) {
      try {
        return once(request);
      } catch (SSLException e) {
        throw e;
      } catch (ConnectException e) {
        throw new RegistryException(
            "%s: nothing answers at %s: is its name right, and does it run?"
                .formatted(doing, place.host()),
            e);
      } catch (IOException e) {
        last = e;
        pause(i);
      }
    }
    throw last == null ? new IOException("no answer") : last;
  }

  HttpResponse<InputStream> once(HttpRequest.Builder request) throws IOException {
    try {
      return http.send(request.build(), BodyHandlers.ofInputStream());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new RegistryException("interrupted", e);
    }
  }

  static void pause(int tries) {
    try {
      Thread.sleep(PAUSE.multipliedBy(1L << tries));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new RegistryException("interrupted", e);
    }
  }

  RegistryException cut(String doing, IOException e) {
    return e instanceof SSLException
        ? new RegistryException(
            "%s: its certificate is not trusted (%s): put its authority into /etc/docker/certs.d/%s/ca.crt"
                .formatted(doing, oneLine(String.valueOf(e.getMessage())), place.host()),
            e)
        : new RegistryException(
            "%s: the connection is cut again and again (%s): try again, what is there already is not sent twice"
                .formatted(doing, oneLine(String.valueOf(e.getMessage()))),
            e);
  }

  private RegistryException refusedLogin() {
    return new RegistryException(
        "registry %s refuses the login for %s (401): 'docker login %s' with a user who may"
            .formatted(place.host(), place.name(), place.host()));
  }

  /** Refuses any other status, in one line. */
  void require(HttpResponse<InputStream> answer, String doing, int wanted) throws IOException {
    int status = answer.statusCode();
    if (status == wanted) {
      return;
    }
    String said = oneLine(reason(answer));
    throw switch (status) {
      case 401 -> refusedLogin();
      case 403 ->
          new RegistryException(
              "%s: registry %s does not allow it (403)%s".formatted(doing, place.host(), said));
      case 404 ->
          new RegistryException(
              "%s: registry %s has no such thing (404)%s: check the name and the tag"
                  .formatted(doing, place.host(), said));
      case 429 ->
          new RegistryException(
              "%s: registry %s has had too many requests (429): try again %s"
                  .formatted(
                      doing,
                      place.host(),
                      answer
                          .headers()
                          .firstValue("Retry-After")
                          .filter(value -> value.matches("[0-9]{1,6}"))
                          .map(value -> "in " + value + " s")
                          .orElse("later")));
      default ->
          new RegistryException(
              "%s: registry %s answers %d%s%s"
                  .formatted(
                      doing,
                      place.host(),
                      status,
                      said,
                      status >= 500 ? ": look at its log, or try again later" : ""));
    };
  }

  /**
   * The reason out of {@code {"errors": [{"message": ...}]}}, with a colon; empty for anything
   * else.
   */
  private static String reason(HttpResponse<InputStream> answer) throws IOException {
    try (InputStream body = answer.body()) {
      String text = new String(body.readNBytes(4096), StandardCharsets.UTF_8);
      String message = Json.tree(text).at("/errors/0/message").asText();
      return message.isEmpty() ? "" : ", " + message;
    } catch (IllegalArgumentException _) {
      return ""; // A page of a proxy, or nothing.
    }
  }

  private static String oneLine(String text) {
    String line = text.replaceAll("\\p{Cntrl}+", " ").strip();
    return line.length() > 200 ? line.substring(0, 200) + "..." : line;
  }

  static String text(HttpResponse<InputStream> answer) throws IOException {
    try (InputStream body = answer.body()) {
      byte[] bytes = body.readNBytes(LONGEST_TEXT);
      return new String(bytes, StandardCharsets.UTF_8);
    }
  }

  JsonNode json(String text, String doing) {
    try {
      return Json.tree(text);
    } catch (IllegalArgumentException e) {
      throw new RegistryException(
          "%s: what answers at %s is no registry: its answer is not JSON"
              .formatted(doing, place.host()),
          e);
    }
  }

  @Override
  public void close() {
    // An answer that nobody reads to its end would keep an orderly close waiting.
    http.shutdownNow();
  }
}
