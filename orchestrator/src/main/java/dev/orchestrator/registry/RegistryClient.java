package dev.orchestrator.registry;

import com.fasterxml.jackson.databind.JsonNode;
import dev.orchestrator.common.Json;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.SocketException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * The HTTP API of a registry (OCI distribution), for one repository: blobs, which are named by
 * their digest, and manifests, which have tags. Requests that are cut off are made again where that
 * is safe. Calls block; one thread.
 */
final class RegistryClient implements AutoCloseable {
  /** Sent at once: so much is sent again after a cut. */
  static final int CHUNK = 8 << 20;

  static final String MANIFEST = "application/vnd.oci.image.manifest.v1+json";

  private static final Duration TIMEOUT = Duration.ofMinutes(2);
  private static final int TRIES = 5;
  private static final Duration PAUSE = Duration.ofMillis(200);
  private static final int LONGEST_TEXT = 16 << 20;
  private static final Pattern FIELD = Pattern.compile("(\\w+)=\"([^\"]*)\"");
  private static final Pattern RANGE = Pattern.compile("(?:bytes=)?0-([0-9]+)");

  private final RegistryReference place;
  private final Map<String, String> environment;
  private final HttpClient http;
  private String scheme = "https";
  private String authorization = "";

  RegistryClient(RegistryReference place, Map<String, String> environment) {
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

  private URI uri(String text) {
    try {
      return URI.create(text);
    } catch (IllegalArgumentException e) {
      throw new RegistryException(
          "registry %s names an address that is none: %s".formatted(place.host(), oneLine(text)),
          e);
    }
  }

  private URI base() {
    return URI.create("%s://%s/".formatted(scheme, place.host()));
  }

  private HttpRequest.Builder request(String path) {
    return authorized(HttpRequest.newBuilder(base().resolve(path)).timeout(TIMEOUT));
  }

  private HttpRequest.Builder authorized(HttpRequest.Builder request) {
    return authorization.isEmpty() ? request : request.setHeader("Authorization", authorization);
  }

  private String repository() {
    return "/v2/" + place.name();
  }

  /** Sends; a cut connection is tried again, as is a server that is busy for a moment. */
  private HttpResponse<InputStream> send(HttpRequest.Builder request, String doing)
      throws IOException {
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

  private HttpResponse<InputStream> once(HttpRequest.Builder request) throws IOException {
    try {
      return http.send(request.build(), BodyHandlers.ofInputStream());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new RegistryException("interrupted", e);
    }
  }

  private static void pause(int tries) {
    try {
      Thread.sleep(PAUSE.multipliedBy(1L << tries));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new RegistryException("interrupted", e);
    }
  }

  private RegistryException cut(String doing, IOException e) {
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
  private void require(HttpResponse<InputStream> answer, String doing, int wanted)
      throws IOException {
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

  private static String text(HttpResponse<InputStream> answer) throws IOException {
    try (InputStream body = answer.body()) {
      byte[] bytes = body.readNBytes(LONGEST_TEXT);
      return new String(bytes, StandardCharsets.UTF_8);
    }
  }

  private JsonNode json(String text, String doing) {
    try {
      return Json.tree(text);
    } catch (IllegalArgumentException e) {
      throw new RegistryException(
          "%s: what answers at %s is no registry: its answer is not JSON"
              .formatted(doing, place.host()),
          e);
    }
  }

  /** Whether the registry has a blob. */
  boolean hasBlob(String sha256) {
    String doing = "looking for a layer";
    try {
      HttpResponse<InputStream> answer =
          send(request(blob(sha256)).method("HEAD", HttpRequest.BodyPublishers.noBody()), doing);
      if (answer.statusCode() != 404) {
        require(answer, doing, 200);
      }
      answer.body().close();
      return answer.statusCode() == 200;
    } catch (IOException e) {
      throw cut(doing, e);
    }
  }

  private String blob(String sha256) {
    return repository() + "/blobs/sha256:" + sha256;
  }

  /** Begins to send a blob; returns where. */
  URI beginUpload() {
    String doing = "beginning to send a layer";
    try {
      HttpResponse<InputStream> answer =
          send(
              request(repository() + "/blobs/uploads/").POST(HttpRequest.BodyPublishers.noBody()),
              doing);
      require(answer, doing, 202);
      answer.body().close();
      return location(answer, doing);
    } catch (IOException e) {
      throw cut(doing, e);
    }
  }

  private URI location(HttpResponse<?> answer, String doing) {
    String to =
        answer
            .headers()
            .firstValue("Location")
            .orElseThrow(() ->
                new RegistryException(
                    "%s: what answers at %s is no registry: it names no place to send to"
                        .formatted(doing, place.host())));
    return base().resolve(uri(to));
  }

  /**
   * Sends the next bytes of a blob; after a cut asks how far it came, and sends the rest.
   *
   * @param at how many bytes were sent before
   * @return where the next bytes go
   */
  URI upload(URI to, byte[] bytes, int length, long at) {
    String doing = "sending a layer, after %d MB".formatted(at / 1_000_000);
    URI next = to;
    int sent = 0;
    IOException last = null;
    for (int i = 0; i < TRIES; i++) {
      try {
        HttpRequest.Builder patch =
            authorized(HttpRequest.newBuilder(next).timeout(TIMEOUT))
                .header("Content-Type", "application/octet-stream")
                .header("Content-Range", "%d-%d".formatted(at + sent, at + length - 1))
                .method(
                    "PATCH", HttpRequest.BodyPublishers.ofByteArray(bytes, sent, length - sent));
        HttpResponse<InputStream> answer = once(patch);
        require(answer, doing, 202);
        answer.body().close();
        return location(answer, doing);
      } catch (IOException e) {
        last = e;
        pause(i);
        long there = progress(next, doing);
        if (there < at || there > at + length) {
          throw new RegistryException(
              "%s: registry %s has lost what was sent: push again".formatted(doing, place.host()),
              e);
        }
        sent = (int) (there - at);
        if (sent == length) {
          return next;
        }
      }
    }
    throw cut(doing, last == null ? new IOException("no answer") : last);
  }

  /** How many bytes of an upload are there. */
  private long progress(URI upload, String doing) {
    try {
      HttpResponse<InputStream> answer =
          send(authorized(HttpRequest.newBuilder(upload).timeout(TIMEOUT)), doing);
      require(answer, doing, 204);
      answer.body().close();
      Matcher range = RANGE.matcher(answer.headers().firstValue("Range").orElse("0-0"));
      long last = range.matches() ? Long.parseLong(range.group(1)) : 0;
      return last == 0 ? 0 : last + 1;
    } catch (IOException e) {
      throw cut(doing, e);
    }
  }

  /** Ends a blob, which the registry compares with its digest. */
  void endUpload(URI to, String sha256) {
    String doing = "ending a layer";
    String separator = to.getRawQuery() == null ? "?" : "&";
    try {
      HttpResponse<InputStream> answer =
          send(
              authorized(
                      HttpRequest.newBuilder(
                              URI.create(to + separator + "digest=sha256%3A" + sha256))
                          .timeout(TIMEOUT))
                  .PUT(HttpRequest.BodyPublishers.noBody()),
              doing);
      require(answer, doing, 201);
      answer.body().close();
    } catch (IOException e) {
      throw cut(doing, e);
    }
  }

  void putManifest(String tag, byte[] manifest) {
    String doing = "writing the tag " + tag;
    try {
      HttpResponse<InputStream> answer =
          send(
              request(repository() + "/manifests/" + tag)
                  .header("Content-Type", MANIFEST)
                  .PUT(HttpRequest.BodyPublishers.ofByteArray(manifest)),
              doing);
      require(answer, doing, 201);
      answer.body().close();
    } catch (IOException e) {
      throw cut(doing, e);
    }
  }

  /** The manifest of a tag; null where there is none. */
  @Nullable JsonNode manifest(String tag) {
    String doing = "reading the tag " + tag;
    try {
      HttpResponse<InputStream> answer =
          send(request(repository() + "/manifests/" + tag).header("Accept", MANIFEST).GET(), doing);
      if (answer.statusCode() == 404) {
        answer.body().close();
        return null;
      }
      require(answer, doing, 200);
      return json(text(answer), doing);
    } catch (IOException e) {
      throw cut(doing, e);
    }
  }

  /** Takes the bytes of a blob. */
  interface Sink {
    void write(byte[] bytes, int length) throws IOException;
  }

  /**
   * Gets a blob from an offset to its end; after a cut goes on where it was.
   *
   * @param bytes of the whole blob
   */
  void download(String sha256, long from, long bytes, Sink sink) throws IOException {
    String doing = "getting a layer";
    long at = from;
    int failures = 0;
    byte[] buffer = new byte[1 << 16];
    while (at < bytes) {
      HttpRequest.Builder get = request(blob(sha256));
      if (at > 0) {
        get.header("Range", "bytes=%d-".formatted(at));
      }
      HttpResponse<InputStream> answer;
      try {
        answer = send(get, doing);
      } catch (IOException e) {
        throw cut(doing, e);
      }
      int status = answer.statusCode();
      if (status != 206) {
        require(answer, doing, 200);
      }
      try (InputStream body =
          status == 206 || at == 0 ? answer.body() : skipped(answer.body(), at)) {
        for (int read = body.read(buffer); read >= 0; read = body.read(buffer)) {
          if (at + read > bytes) {
            throw new RegistryException(
                "%s: registry %s gives more than it said".formatted(doing, place.host()));
          }
          sink.write(buffer, read);
          at += read;
          failures = 0;
        }
        if (at < bytes) {
          throw new EOFException("it ended early");
        }
      } catch (EOFException | SocketException | HttpTimeoutException e) {
        failures = again(failures, doing, e);
      } catch (IOException e) {
        if (!String.valueOf(e.getMessage())
            .matches(".*(EOF|closed|reset|cut|fixed content-length).*")) {
          throw e;
        }
        failures = again(failures, doing, e);
      }
    }
  }

  private int again(int failures, String doing, IOException e) {
    if (failures >= TRIES) {
      throw cut(doing, e);
    }
    pause(failures);
    return failures + 1;
  }

  private static InputStream skipped(InputStream body, long bytes) throws IOException {
    body.skipNBytes(bytes);
    return body;
  }

  /** A small blob. */
  byte[] small(String sha256, long bytes) {
    if (bytes > LONGEST_TEXT) {
      throw new RegistryException(
          "%s has a text of %d bytes, which can't be right".formatted(place, bytes));
    }
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    try {
      download(sha256, 0, bytes, (part, length) -> all.write(part, 0, length));
    } catch (IOException e) {
      throw cut("getting a text", e);
    }
    return all.toByteArray();
  }

  @Override
  public void close() {
    // An answer that nobody reads to its end would keep an orderly close waiting.
    http.shutdownNow();
  }
}
