package dev.orchestrator.registry;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
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

  private static final Pattern RANGE = Pattern.compile("(?:bytes=)?0-([0-9]+)");

  private final RegistryReference place;
  private final RegistryConnection connection;

  RegistryClient(RegistryReference place, Map<String, String> environment) {
    this.place = place;
    this.connection = new RegistryConnection(place, environment);
  }

  /** Asks whether it is a registry that lets us in. */
  void open(boolean push) {
    connection.open(push);
  }

  private String repository() {
    return "/v2/" + place.name();
  }

  /** Whether the registry has a blob. */
  boolean hasBlob(String sha256) {
    String doing = "looking for a layer";
    try {
      HttpResponse<InputStream> answer =
          connection.send(
              connection.request(blob(sha256)).method("HEAD", HttpRequest.BodyPublishers.noBody()),
              doing);
      if (answer.statusCode() != 404) {
        connection.require(answer, doing, 200);
      }
      answer.body().close();
      return answer.statusCode() == 200;
    } catch (IOException e) {
      throw connection.cut(doing, e);
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
          connection.send(
              connection
                  .request(repository() + "/blobs/uploads/")
                  .POST(HttpRequest.BodyPublishers.noBody()),
              doing);
      connection.require(answer, doing, 202);
      answer.body().close();
      return location(answer, doing);
    } catch (IOException e) {
      throw connection.cut(doing, e);
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
    return connection.base().resolve(connection.uri(to));
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
    for (int i = 0; i < RegistryConnection.TRIES; i++) {
      try {
        HttpRequest.Builder patch =
            connection
                .authorized(HttpRequest.newBuilder(next).timeout(RegistryConnection.TIMEOUT))
                .header("Content-Type", "application/octet-stream")
                .header("Content-Range", "%d-%d".formatted(at + sent, at + length - 1))
                .method(
                    "PATCH", HttpRequest.BodyPublishers.ofByteArray(bytes, sent, length - sent));
        HttpResponse<InputStream> answer = connection.once(patch);
        connection.require(answer, doing, 202);
        answer.body().close();
        return location(answer, doing);
      } catch (IOException e) {
        last = e;
        RegistryConnection.pause(i);
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
    throw connection.cut(doing, last == null ? new IOException("no answer") : last);
  }

  /** How many bytes of an upload are there. */
  private long progress(URI upload, String doing) {
    try {
      HttpResponse<InputStream> answer =
          connection.send(
              connection.authorized(
                  HttpRequest.newBuilder(upload).timeout(RegistryConnection.TIMEOUT)),
              doing);
      connection.require(answer, doing, 204);
      answer.body().close();
      Matcher range = RANGE.matcher(answer.headers().firstValue("Range").orElse("0-0"));
      long last = range.matches() ? Long.parseLong(range.group(1)) : 0;
      return last == 0 ? 0 : last + 1;
    } catch (IOException e) {
      throw connection.cut(doing, e);
    }
  }

  /** Ends a blob, which the registry compares with its digest. */
  void endUpload(URI to, String sha256) {
    String doing = "ending a layer";
    String separator = to.getRawQuery() == null ? "?" : "&";
    try {
      HttpResponse<InputStream> answer =
          connection.send(
              connection
                  .authorized(
                      HttpRequest.newBuilder(
                              URI.create(to + separator + "digest=sha256%3A" + sha256))
                          .timeout(RegistryConnection.TIMEOUT))
                  .PUT(HttpRequest.BodyPublishers.noBody()),
              doing);
      connection.require(answer, doing, 201);
      answer.body().close();
    } catch (IOException e) {
      throw connection.cut(doing, e);
    }
  }

  void putManifest(String tag, byte[] manifest) {
    String doing = "writing the tag " + tag;
    try {
      HttpResponse<InputStream> answer =
          connection.send(
              connection
                  .request(repository() + "/manifests/" + tag)
                  .header("Content-Type", MANIFEST)
                  .PUT(HttpRequest.BodyPublishers.ofByteArray(manifest)),
              doing);
      connection.require(answer, doing, 201);
      answer.body().close();
    } catch (IOException e) {
      throw connection.cut(doing, e);
    }
  }

  /** The manifest of a tag; null where there is none. */
  @Nullable JsonNode manifest(String tag) {
    String doing = "reading the tag " + tag;
    try {
      HttpResponse<InputStream> answer =
          connection.send(
              connection
                  .request(repository() + "/manifests/" + tag)
                  .header("Accept", MANIFEST)
                  .GET(),
              doing);
      if (answer.statusCode() == 404) {
        answer.body().close();
        return null;
      }
      connection.require(answer, doing, 200);
      return connection.json(RegistryConnection.text(answer), doing);
    } catch (IOException e) {
      throw connection.cut(doing, e);
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
      HttpRequest.Builder get = connection.request(blob(sha256));
      if (at > 0) {
        get.header("Range", "bytes=%d-".formatted(at));
      }
      HttpResponse<InputStream> answer;
      try {
        answer = connection.send(get, doing);
      } catch (IOException e) {
        throw connection.cut(doing, e);
      }
      int status = answer.statusCode();
      if (status != 206) {
        connection.require(answer, doing, 200);
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
    if (failures >= RegistryConnection.TRIES) {
      throw connection.cut(doing, e);
    }
    RegistryConnection.pause(failures);
    return failures + 1;
  }

  private static InputStream skipped(InputStream body, long bytes) throws IOException {
    body.skipNBytes(bytes);
    return body;
  }

  /** A small blob. */
  byte[] small(String sha256, long bytes) {
    if (bytes > RegistryConnection.LONGEST_TEXT) {
      throw new RegistryException(
          "%s has a text of %d bytes, which can't be right".formatted(place, bytes));
    }
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    try {
      download(sha256, 0, bytes, (part, length) -> all.write(part, 0, length));
    } catch (IOException e) {
      throw connection.cut("getting a text", e);
    }
    return all.toByteArray();
  }

  @Override
  public void close() {
    connection.close();
  }
}
