package dev.orchestrator.registry;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.orchestrator.archive.BlobNames;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** A registry in memory that can be made to fail. Plain HTTP on loopback. */
final class FakeRegistry implements AutoCloseable {
  final Map<String, byte[]> blobs = new TreeMap<>();
  final Map<String, byte[]> manifests = new TreeMap<>();
  private final Map<String, byte[]> uploads = new HashMap<>();
  private final HttpServer server;
  private int next;

  /** Bytes of blobs that came in. */
  long received;

  /** The login that it wants, or empty. */
  String login = "";

  /** What becomes of requests, before they are looked at; true where it was answered. */
  volatile Predicate<HttpExchange> fault = exchange -> false;

  FakeRegistry() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext("/", this::handle);
    server.start();
  }

  String host() {
    return "127.0.0.1:" + server.getAddress().getPort();
  }

  RegistryReference place(String tag) {
    return RegistryReference.parse(host() + "/team/shop:" + tag);
  }

  /** Answers every request that a pattern matches with a status and a body. */
  void answers(String requests, int status, String body) {
    fault =
        exchange -> {
          if (!line(exchange).matches(requests)) {
            return false;
          }
          answer(exchange, status, body.getBytes(StandardCharsets.UTF_8));
          return true;
        };
  }

  static String line(HttpExchange exchange) {
    return exchange.getRequestMethod() + " " + exchange.getRequestURI();
  }

  private synchronized void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      if (fault.test(exchange)) {
        return;
      }
      String given = exchange.getRequestHeaders().getFirst("Authorization");
      if (!login.isEmpty()
          && !("Basic "
                  + Base64.getEncoder().encodeToString(login.getBytes(StandardCharsets.UTF_8)))
              .equals(given)) {
        exchange.getResponseHeaders().set("WWW-Authenticate", "Basic realm=\"fake\"");
        answer(exchange, 401, new byte[0]);
        return;
      }
      String path = exchange.getRequestURI().getPath();
      String last = path.replaceFirst(".*/", "");
      switch (exchange.getRequestMethod() + path.replaceFirst("/[^/]*$", "/")) {
        case "GET/v2/" -> answer(exchange, 200, new byte[0]);
        case "HEAD/v2/team/shop/blobs/" -> {
          byte[] blob = blobs.get(last);
          exchange.getResponseHeaders().set("Docker-Content-Digest", last);
          exchange.sendResponseHeaders(blob == null ? 404 : 200, -1);
        }
        case "POST/v2/team/shop/blobs/uploads/" -> {
          String id = "up" + next++;
          uploads.put(id, new byte[0]);
          accepted(exchange, id);
        }
        case "PATCH/v2/team/shop/blobs/uploads/" -> {
          byte[] body = exchange.getRequestBody().readAllBytes();
          add(last, body);
          accepted(exchange, last);
        }
        case "GET/v2/team/shop/blobs/uploads/" -> {
          int there = uploads.getOrDefault(last, new byte[0]).length;
          exchange.getResponseHeaders().set("Range", "0-" + Math.max(0, there - 1));
          exchange.sendResponseHeaders(204, -1);
        }
        case "PUT/v2/team/shop/blobs/uploads/" -> {
          byte[] all = uploads.getOrDefault(last, new byte[0]);
          String digest = exchange.getRequestURI().getQuery().replaceFirst("digest=", "");
          boolean right = digest.equals(BlobNames.digest(BlobNames.of(all).sha256()));
          if (right) {
            blobs.put(digest, all);
          }
          answer(
              exchange,
              right ? 201 : 400,
              "{\"errors\":[{\"message\":\"provided digest did not match uploaded content\"}]}"
                  .getBytes(StandardCharsets.UTF_8));
        }
        case "GET/v2/team/shop/blobs/" -> get(exchange, blobs.get(last));
        case "PUT/v2/team/shop/manifests/" -> {
          manifests.put(last, exchange.getRequestBody().readAllBytes());
          answer(exchange, 201, new byte[0]);
        }
        case "GET/v2/team/shop/manifests/" -> get(exchange, manifests.get(last));
        default -> answer(exchange, 404, new byte[0]);
      }
    }
  }

  void add(String upload, byte[] body) {
    byte[] before = uploads.getOrDefault(upload, new byte[0]);
    byte[] all = Arrays.copyOf(before, before.length + body.length);
    System.arraycopy(body, 0, all, before.length, body.length);
    uploads.put(upload, all);
    received += body.length;
  }

  private static void accepted(HttpExchange exchange, String id) throws IOException {
    exchange.getResponseHeaders().set("Location", "/v2/team/shop/blobs/uploads/" + id);
    exchange.sendResponseHeaders(202, -1);
  }

  private static void get(HttpExchange exchange, byte @Nullable [] content) throws IOException {
    if (content == null) {
      answer(exchange, 404, new byte[0]);
      return;
    }
    String range = exchange.getRequestHeaders().getFirst("Range");
    int from = range == null ? 0 : Integer.parseInt(range.replaceAll("\\D", ""));
    answer(exchange, from > 0 ? 206 : 200, Arrays.copyOfRange(content, from, content.length));
  }

  static void answer(HttpExchange exchange, int status, byte[] body) {
    try {
      exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
      if (body.length > 0) {
        exchange.getResponseBody().write(body);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
