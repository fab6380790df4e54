package dev.orchestrator.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.common.Json;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.report.Status;
import dev.orchestrator.settings.Settings.ApiSettings;
import dev.orchestrator.testing.FakeControl;
import dev.orchestrator.testing.FakeStacks;
import io.vertx.core.Vertx;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The HTTP API, asked with plain HTTP. */
final class ApiServerTest {
  private static Vertx vertx;

  @TempDir Path home;
  private final FakeControl control = new FakeControl();
  private ApiServer server;
  private String token;

  @BeforeAll
  static void startVertx() {
    vertx = Vertx.vertx();
  }

  @AfterAll
  static void stopVertx() {
    vertx.close().await();
  }

  @BeforeEach
  void start() throws IOException {
    server = ApiServer.start(vertx, FakeStacks.of(control), new ApiSettings("127.0.0.1", 0), home);
    token = Files.readString(home.resolve("token")).strip();
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void tokenIsSecretAndKept() throws IOException {
    assertEquals(
        "rw-------",
        PosixFilePermissions.toString(Files.getPosixFilePermissions(home.resolve("token"))));
    assertEquals(64, token.length());
    server.close();
    server = ApiServer.start(vertx, FakeStacks.of(control), new ApiSettings("127.0.0.1", 0), home);
    assertEquals(token, Files.readString(home.resolve("token")).strip());
  }

  @Test
  void addressStandsInTheHomeWhileItListens() throws IOException {
    assertEquals(server.address(), Files.readString(home.resolve("api")).strip());
    server.close();
    assertFalse(Files.exists(home.resolve("api")));
  }

  @Test
  void healthNeedsNoToken() throws IOException {
    Answer answer = send("GET /v1/health", "Host: localhost", "");
    assertEquals(200, answer.status());
    assertEquals("ok", answer.body().strip());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"X: 1", "Authorization: Bearer 0123", "Authorization: Basic Zm9vOmJhcg=="})
  void everyOtherPathNeedsTheToken(String header) throws IOException {
    Answer answer = send("GET /v1/status", "Host: localhost\r\n" + header, "");
    assertEquals(401, answer.status());
    assertEquals(1, answer.error().lines().count());
  }

  @ParameterizedTest
  @CsvSource({
    "evil.example, 403",
    "127.0.0.1.evil.example:7070, 403",
    "localhost:1, 200",
    "[::1]:7070, 200"
  })
  void hostMustBeLoopback(String host, int status) throws IOException {
    assertEquals(status, send("GET /v1/health", "Host: " + host, "").status());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "GET /v1/nothing| |404|no such path",
        "DELETE /v1/status| |405|wrong method",
        "POST /v1/upgrades|{}|400|version is missing",
        "POST /v1/upgrades|{\"version\":7}|400|version must be a string",
        "POST /v1/upgrades|{\"version\":\"../x\"}|400|letters, digits",
        "POST /v1/upgrades|{\"version\":\"v2\",\"force\":true}|400|unknown field in the body:"
            + " force",
        "POST /v1/upgrades|{\"version\":|400|isn't JSON",
        "POST /v1/upgrades|[1]|400|must be a JSON object",
        "POST /v1/upgrades|{\"version\":\"x9\"}|409|unknown version x9",
        "POST /v1/down|{\"volumes\":\"yes\"}|400|true or false",
        "GET /v1/plan| |400|version is missing",
        "GET /v1/plan?version=a&version=b| |400|given twice",
        "GET /v1/logs?tail=0| |400|tail",
        "GET /v1/logs?service=a%20b| |400|service",
        "GET /v1/upgrades/u99| |409|no run u99",
        "GET /v1/upgrades/u99/events| |409|no run u99",
      })
  void badInputIsToldInOneLine(String request, String body, int status, String part)
      throws IOException {
    Answer answer = send(request, authorized(), body == null ? "" : body);
    assertEquals(status, answer.status(), answer.body());
    assertTrue(answer.error().contains(part), answer.error());
    assertEquals(1, answer.error().lines().count());
  }

  @Test
  void hugeBodyIsRefused() throws IOException {
    String body = "{\"version\":\"" + "v".repeat(70_000) + "\"}";
    assertEquals(413, send("POST /v1/upgrades", authorized(), body).status());
    assertEquals(0, control.calls().size());
  }

  @Test
  void unexpectedErrorKeepsItsDetailsToTheLog() throws IOException {
    Answer answer = send("POST /v1/rollback", authorized(), "");
    assertEquals(500, answer.status());
    assertTrue(answer.error().contains("reference"), answer.error());
    assertFalse(answer.body().contains("secret detail"));
  }

  @Test
  void runsAreAcceptedWithTheirId() throws IOException {
    Answer answer = send("POST /v1/upgrades", authorized(), "{\"version\":\"v2\"}");
    assertEquals(202, answer.status());
    assertEquals("{\"id\":\"u7\"}", answer.body());
    assertEquals(202, send("POST /v1/up", authorized(), "").status());
    assertEquals(202, send("POST /v1/down", authorized(), "{\"volumes\":true}").status());
    assertEquals(List.of("upgrade v2", "up (default)", "down VOLUMES"), control.calls());
  }

  @Test
  void aRefusalThatPassesByItselfIsMarkedForARetry() throws IOException {
    control.refuseForNow("another process takes over");
    Answer answer = send("POST /v1/upgrades", authorized(), "{\"version\":\"v2\"}");
    assertEquals(409, answer.status());
    assertEquals("{\"error\":\"another process takes over\",\"retry\":true}", answer.body());
    control.refuseForNow("");
    Answer forGood = send("POST /v1/upgrades", authorized(), "{\"version\":\"x9\"}");
    assertEquals(409, forGood.status());
    assertFalse(forGood.body().contains("retry"), forGood.body());
  }

  @Test
  void aRefusalWithSeveralReasonsHasAllOfThem() throws IOException {
    control.refuseForGood("version v2: 2 problems:\n  service a: devices\n  service b: ports");
    Answer answer = send("POST /v1/upgrades", authorized(), "{\"version\":\"v2\"}");
    assertEquals(409, answer.status());
    assertEquals(
        "version v2: 2 problems:\n  service a: devices\n  service b: ports", answer.error());
  }

  @Test
  void answersAreReadBackAsTheSameRecords() throws IOException {
    Answer answer = send("GET /v1/status", authorized(), "");
    assertEquals(control.status(), Json.read(answer.body(), Status.class));
  }

  @Test
  void otherAddressesAreRefused() {
    assertThrows(
        RefusedException.class,
        () -> ApiServer.start(vertx, FakeStacks.of(control), new ApiSettings("0.0.0.0", 0), home));
    int taken = port();
    RefusedException refusal =
        assertThrows(
            RefusedException.class,
            () ->
                ApiServer.start(
                    vertx, FakeStacks.of(control), new ApiSettings("127.0.0.1", taken), home));
    String line = String.valueOf(refusal.getMessage());
    assertTrue(line.contains("127.0.0.1:" + taken), line);
  }

  private int port() {
    return URI.create("http://" + server.address()).getPort();
  }

  private String authorized() {
    return "Host: localhost\r\nAuthorization: Bearer " + token;
  }

  private record Answer(int status, String body) {
    String error() {
      return String.valueOf(Json.read(body, Map.class).get("error"));
    }
  }

  /** Raw, as HTTP clients of the JDK don't let a Host header be set. */
  private Answer send(String request, String headers, String body) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port())) {
      socket.setSoTimeout(10_000);
      OutputStream out = socket.getOutputStream();
      out.write(
          "%s HTTP/1.1\r\n%s\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
              .formatted(request, headers, body.length(), body)
              .getBytes(StandardCharsets.UTF_8));
      out.flush();
      BufferedReader in =
          new BufferedReader(
              new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
      int status = Integer.parseInt(in.readLine(), 9, 12, 10);
      for (String line = in.readLine(); !line.isEmpty(); line = in.readLine()) {}
      StringBuilder text = new StringBuilder();
      for (int c = in.read(); c >= 0; c = in.read()) {
        text.append((char) c);
      }
      return new Answer(status, text.toString());
    }
  }

  @Test
  void aRequestNamesItsStackOrTheServiceHasOneAlone() throws IOException {
    FakeControl shop = new FakeControl();
    server.close();
    server =
        ApiServer.start(
            vertx,
            FakeStacks.of(control).with("shop", shop),
            new ApiSettings("127.0.0.1", 0),
            home);
    assertEquals(
        202, send("POST /v1/stacks/shop/upgrades", authorized(), "{\"version\":\"v2\"}").status());
    assertEquals(List.of("upgrade v2"), shop.calls());
    assertEquals(List.of(), control.calls());
    Answer unnamed = send("GET /v1/status", authorized(), "");
    assertEquals(409, unnamed.status());
    assertEquals(
        "this service has several stacks (demo, shop): say which with --stack NAME",
        unnamed.error());
    assertEquals(
        "there is no stack blog", send("GET /v1/stacks/blog/status", authorized(), "").error());
    assertEquals(409, send("GET /v1/stacks/..%2F/status", authorized(), "").status());
    assertTrue(send("GET /v1/stacks", authorized(), "").body().contains("\"stack\":\"shop\""));
  }
}
