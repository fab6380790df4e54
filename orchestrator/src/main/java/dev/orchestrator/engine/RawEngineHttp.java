package dev.orchestrator.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.github.dockerjava.transport.DockerHttpClient;
import com.github.dockerjava.transport.DockerHttpClient.Request;
import com.github.dockerjava.transport.DockerHttpClient.Response;
import dev.orchestrator.common.Json;
import java.io.IOException;
import java.io.InputStream;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The few requests that the client library can't express, as plain JSON over its transport. */
final class RawEngineHttp {
  private final DockerHttpClient http;
  private final EngineFailures failures;

  RawEngineHttp(DockerHttpClient http, EngineFailures failures) {
    this.http = http;
    this.failures = failures;
  }

  /** A header of the answer to a GET; null when the answer doesn't have it. */
  @Nullable String header(String doing, String path, String name) throws IOException {
    try (Response response =
        http.execute(Request.builder().method(Request.Method.GET).path(path).build())) {
      check(doing, response);
      return response.getHeaders().entrySet().stream()
          .filter(header -> name.equalsIgnoreCase(header.getKey()))
          .map(header -> header.getValue().getFirst())
          .findFirst()
          .orElse(null);
    }
  }

  JsonNode get(String doing, String path) throws IOException {
    try (Response response =
        http.execute(Request.builder().method(Request.Method.GET).path(path).build())) {
      check(doing, response);
      return tree(response);
    }
  }

  JsonNode post(String doing, String path, JsonNode body) throws IOException {
    Request request =
        Request.builder()
            .method(Request.Method.POST)
            .path(path)
            .putHeader("Content-Type", "application/json")
            .bodyBytes(Json.write(body).getBytes(StandardCharsets.UTF_8))
            .build();
    try (Response response = http.execute(request)) {
      check(doing, response);
      return tree(response);
    }
  }

  /** What reads an answer's body. */
  interface BodyReader<T> {
    T read(InputStream body) throws IOException;
  }

  /** A GET whose answer may be of any size. */
  <T> T stream(String doing, String path, BodyReader<T> reader) throws IOException {
    try (Response response =
        http.execute(Request.builder().method(Request.Method.GET).path(path).build())) {
      check(doing, response);
      return reader.read(response.getBody());
    }
  }

  /** A POST of a tar file of any size. */
  <T> T send(String doing, String path, InputStream tar, BodyReader<T> reader) throws IOException {
    Request request =
        Request.builder()
            .method(Request.Method.POST)
            .path(path)
            .putHeader("Content-Type", "application/x-tar")
            .body(tar)
            .build();
    try (Response response = http.execute(request)) {
      check(doing, response);
      return reader.read(response.getBody());
    }
  }

  private static JsonNode tree(Response response) throws IOException {
    String body = new String(response.getBody().readAllBytes(), StandardCharsets.UTF_8);
    try {
      return Json.tree(body);
    } catch (IllegalArgumentException e) {
      throw new IOException("the answer is not an engine's: " + e.getMessage(), e);
    }
  }

  static String query(Map<String, String> parameters) {
    return parameters.entrySet().stream()
        .map(p -> p.getKey() + "=" + encode(p.getValue()))
        .collect(Collectors.joining("&"));
  }

  static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  private void check(String doing, Response response) throws IOException {
    int status = response.getStatusCode();
    if (status >= 300) {
      String body = new String(response.getBody().readAllBytes(), StandardCharsets.UTF_8);
      throw failures.answered(doing, status, EngineFailures.message(body), null);
    }
  }
}
