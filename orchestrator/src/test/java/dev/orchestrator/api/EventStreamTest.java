package dev.orchestrator.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.settings.Settings.ApiSettings;
import dev.orchestrator.testing.FakeControl;
import dev.orchestrator.testing.FakeStacks;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The event stream, read byte by byte. */
@Timeout(30)
final class EventStreamTest {
  @TempDir Path home;
  private final FakeControl control = new FakeControl();
  private final Vertx vertx = Vertx.vertx();
  private ApiServer server;

  @BeforeEach
  void start() throws IOException {
    server = ApiServer.start(vertx, FakeStacks.of(control), new ApiSettings("127.0.0.1", 0), home);
  }

  @AfterEach
  void stop() {
    server.close();
    vertx.close().await();
  }

  @Test
  void pastThenLiveThenEnd() throws Exception {
    control.publish("prepare", "intent", "", 0);
    control.publish("prepare", "done", "ready", 4100);
    try (InputStream stream = open("0")) {
      control.awaitWatches(1);
      control.publish("hold", "intent", "", 5000);
      control.end(UpgradeRecord.Outcome.DONE, "");
      String text = new String(stream.readAllBytes(), StandardCharsets.UTF_8);
      assertEquals(List.of("1", "2", "3", "4"), ids(text));
      assertTrue(text.contains("event: end\ndata: {\"upgrade\":\"u7\",\"sequence\":4"), text);
    }
    control.awaitNoWatcher();
  }

  @Test
  void resumesAfterTheLastEventSeen() throws Exception {
    control.publish("prepare", "intent", "", 0);
    control.publish("prepare", "done", "ready", 4100);
    control.end(UpgradeRecord.Outcome.DONE, "");
    try (InputStream stream = open("2")) {
      String text = new String(stream.readAllBytes(), StandardCharsets.UTF_8);
      assertEquals(List.of("3"), ids(text));
    }
  }

  @Test
  void endsAtOnceForAClientThatHasSeenTheEnd() throws Exception {
    control.end(UpgradeRecord.Outcome.DONE, "");
    try (InputStream stream = open("1")) {
      assertEquals(List.of(), ids(new String(stream.readAllBytes(), StandardCharsets.UTF_8)));
    }
  }

  @Test
  void clientThatGoesIsForgotten() throws Exception {
    InputStream stream = open("0");
    control.awaitWatches(1);
    stream.close();
    control.awaitNoWatcher();
  }

  private static List<String> ids(String text) {
    return text.lines().filter(line -> line.startsWith("id: ")).map(l -> l.substring(4)).toList();
  }

  private InputStream open(String lastSeen) throws IOException {
    HttpURLConnection connection =
        (HttpURLConnection)
            URI.create("http://" + server.address() + "/v1/upgrades/u7/events")
                .toURL()
                .openConnection();
    String token = Files.readString(home.resolve("token")).strip();
    connection.setRequestProperty("Authorization", "Bearer " + token);
    connection.setRequestProperty("Last-Event-ID", lastSeen);
    connection.setReadTimeout(20_000);
    return connection.getInputStream();
  }
}
