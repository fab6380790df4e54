package dev.orchestrator.api;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.common.Json;
import dev.orchestrator.settings.Settings.ApiSettings;
import dev.orchestrator.testing.FakeControl;
import dev.orchestrator.testing.FakeStacks;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The requests of {@code wrong/requests}, and some that are too large for a file: each is answered
 * with its status and one line, nothing is asked of the control, and the next request is served. A
 * file has status and a part of the line, then method and path, then the body as it is.
 */
@Timeout(30)
final class WrongRequestsTest {
  private static final Path FOLDER = Path.of("src/test/resources/wrong/requests");

  @TempDir Path home;
  private final FakeControl control = new FakeControl();
  private Vertx vertx;
  private ApiServer server;
  private String token;

  @BeforeEach
  void start() throws IOException {
    vertx = Vertx.vertx();
    server = ApiServer.start(vertx, FakeStacks.of(control), new ApiSettings("127.0.0.1", 0), home);
    token = Files.readString(home.resolve("token")).strip();
  }

  @AfterEach
  void stop() {
    server.close();
    vertx.close().await();
  }

  static Stream<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(FOLDER)) {
      return files.map(Path::getFileName).sorted().toList().stream();
    }
  }

  @ParameterizedTest
  @MethodSource("files")
  void eachWrongRequestIsAnsweredInOneLine(Path file) throws IOException {
    byte[] content = Files.readAllBytes(FOLDER.resolve(file));
    String[] parts = new String(content, ISO_8859_1).split("\n", 3);
    String line =
        refused(parts[1], parts[2].getBytes(ISO_8859_1), Integer.parseInt(parts[0], 0, 3, 10));
    assertTrue(line.contains(parts[0].substring(4)), line);
  }

  @ParameterizedTest
  @ValueSource(ints = {129, 300, 5000})
  void aLongNameIsRefusedAndNotRepeatedWhole(int length) throws IOException {
    String name = "v".repeat(length);
    for (String line :
        List.of(
            refused("POST /v1/upgrades", json("version", name), 400),
            refused("POST /v1/up", json("version", name), 400),
            refused("POST /v1/up", json(name, "v2"), 400),
            refused(
                "GET /v1/logs?service=" + name.substring(0, Math.min(length, 3000)),
                new byte[0],
                400))) {
      assertTrue(line.length() < 200, line);
    }
  }

  @Test
  void aLongIdIsNotRepeatedWhole() throws IOException {
    String line = refused("GET /v1/upgrades/" + "u".repeat(3000), new byte[0], 409);
    assertTrue(line.length() < 200, line);
  }

  /** The client may still be sending when it is told so. */
  @Test
  void aBodyOfTenMegabytesIsRefused() throws IOException {
    byte[] body = new byte[10 << 20];
    Arrays.fill(body, (byte) ' ');
    String line = refused("POST /v1/upgrades", body, 413);
    assertTrue(line.contains("larger than"), line);
  }

  @Test
  void aBodyThatIsDeepIsNoJson() throws IOException {
    String line = refused("POST /v1/up", "[".repeat(60_000).getBytes(UTF_8), 400);
    assertEquals("the body isn't JSON", line);
  }

  @Test
  void headersAndLinesThatAreTooLongAreRefused() throws IOException {
    assertEquals(414, status(send("GET /v1/status?" + "x".repeat(20_000), "", new byte[0])));
    assertEquals(
        431, status(send("GET /v1/status", "X: " + "x".repeat(100_000) + "\r\n", new byte[0])));
    assertServes();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Content-Length: -1\r\n",
        "Content-Length: x\r\n",
        "Content-Length: 99999999999999999999\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
        "Bad Header\r\n",
      })
  void bytesThatAreNoRequestAreAnsweredAndTheConnectionIsClosed(String header) throws IOException {
    String answer = send("POST /v1/up HTTP/1.1\r\nHost: localhost\r\n" + header + "\r\n{}");
    assertEquals(400, status(answer), answer);
    assertServes();
  }

  private static byte[] json(String name, String value) {
    return Json.write(Map.of(name, value)).getBytes(UTF_8);
  }

  /** Returns the line that it is refused with. */
  private String refused(String request, byte[] body, int status) throws IOException {
    String answer = send(request, "", body);
    assertEquals(status, status(answer), answer);
    String json = answer.substring(answer.indexOf("\r\n\r\n") + 4);
    String line = String.valueOf(Json.read(json, Map.class).get("error"));
    assertEquals(1, line.lines().count(), line);
    assertFalse(line.contains("Exception"), line);
    assertServes();
    return line;
  }

  private void assertServes() throws IOException {
    assertEquals(200, status(send("GET /v1/status", "", new byte[0])));
    assertEquals(List.of(), control.calls());
  }

  private static int status(String answer) {
    return Integer.parseInt(answer, 9, 12, 10);
  }

  private String send(String request, String header, byte[] body) throws IOException {
    String head =
        "%s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nConnection: close\r\n%sContent-Length: %d\r\n\r\n"
            .formatted(request, token, header, body.length);
    return exchange(head.getBytes(ISO_8859_1), body);
  }

  private String send(String whole) throws IOException {
    return exchange(whole.getBytes(ISO_8859_1), new byte[0]);
  }

  private String exchange(byte[] head, byte[] body) throws IOException {
    int port = URI.create("http://" + server.address()).getPort();
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.setSoTimeout(10_000);
      OutputStream out = socket.getOutputStream();
      try {
        out.write(head);
        out.write(body);
        out.flush();
      } catch (SocketException e) {
        // Refused before it was all sent: the answer is there to be read.
        assertTrue(body.length > 1 << 20, e.toString());
      }
      InputStream in = socket.getInputStream();
      return new String(in.readAllBytes(), UTF_8);
    }
  }
}
