package dev.orchestrator.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import dev.orchestrator.api.ApiServer;
import dev.orchestrator.client.ExitCode;
import dev.orchestrator.journal.UpgradeRecord.Outcome;
import dev.orchestrator.settings.Settings.ApiSettings;
import dev.orchestrator.testing.CommandRunner;
import dev.orchestrator.testing.CommandRunner.Result;
import dev.orchestrator.testing.FakeControl;
import dev.orchestrator.testing.FakeStacks;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A command that watches a run, while the run goes on and the connection may not. */
@Timeout(30)
final class RunFollowerTest {
  @TempDir Path folder;
  private final FakeControl control = new FakeControl();
  private final Vertx vertx = Vertx.vertx();
  private CommandRunner commands;
  private ApiServer server;

  @BeforeEach
  void start() throws IOException {
    commands = new CommandRunner(folder);
    server = serve();
  }

  @AfterEach
  void stop() {
    server.close();
    vertx.close().await();
  }

  @Test
  void showsStepsAsTheyComeThenTheReceipt() throws Exception {
    FutureTask<Result> command = inBackground("upgrade", "v2");
    control.awaitWatches(1);
    playPrepare();
    control.end(Outcome.DONE, "");
    Result result = command.get(20, TimeUnit.SECONDS);
    assertEquals(ExitCode.DONE, result.exitCode());
    assertEquals(
        List.of(
            "· prepare              unpacking images",
            "✓ prepare       4.1 s  green capsule ready",
            "u7 upgrade v1 → v2: done after 1 min 05 s",
            "  clients  12 held (longest 6.1 s, p99 5.9 s), 0 refused; 8 drained, 2 cut",
            "more: orchestrator show u7"),
        result.out().lines().toList());
    assertEquals("", result.err());
  }

  @Test
  void exitCodeTellsTheOutcome() throws Exception {
    control.publish("verify", "intent", "", 0);
    control.publish("verify", "failed", "db is unhealthy", 12_000);
    control.publish("start", "undo", "", 12_000);
    control.publish("start", "undone", "v2 stopped", 12_500);
    control.publish("preflight", "undo", "", 12_500);
    control.publish("preflight", "undone", "", 12_500);
    control.end(Outcome.ROLLED_BACK, "db is unhealthy");
    Result result = commands.run("upgrade", "v2");
    assertEquals(ExitCode.ROLLED_BACK, result.exitCode());
    assertTrue(result.out().contains("✗ verify       12.0 s  db is unhealthy"), result.out());
    assertTrue(result.out().contains("↶ start        500 ms  undone: v2 stopped"), result.out());
    assertFalse(result.out().contains("preflight"), "nothing was undone there: " + result.out());
    assertTrue(result.out().contains("rolled back after 1 min 05 s, db is"), result.out());
  }

  @Test
  void needsAttentionIsFive() {
    control.publish("hold", "stuck", "the gate is gone", 0);
    control.end(Outcome.NEEDS_ATTENTION, "undo of hold failed");
    assertEquals(ExitCode.NEEDS_ATTENTION, commands.run("watch", "u7").exitCode());
  }

  @Test
  void failureInPreflightIsARefusal() {
    control.publish("preflight", "failed", "12 GB missing", 0);
    control.end(Outcome.REFUSED, "12 GB missing");
    assertEquals(ExitCode.REFUSED, commands.run("up").exitCode());
  }

  @Test
  void terminalIsRedrawnInPlace() {
    playPrepare();
    control.end(Outcome.DONE, "");
    String text = commands.interactive().run("watch", "u7").out();
    assertTrue(text.contains("\r\u001b[K… prepare"), text);
    assertTrue(text.contains("\r\u001b[K✓ prepare       4.1 s  green capsule ready\n"), text);
  }

  @Test
  void serviceThatStartsAgainElsewhereIsFoundAndNoEventShownTwice() throws Exception {
    FutureTask<Result> command = inBackground("upgrade", "v2");
    control.awaitWatches(1);
    playPrepare();
    server.close();
    server = serve();
    control.awaitWatches(2);
    control.publish("hold", "intent", "", 5000);
    control.publish("hold", "done", "12 wait", 5200);
    control.end(Outcome.DONE, "");
    Result result = command.get(20, TimeUnit.SECONDS);
    assertEquals(ExitCode.DONE, result.exitCode(), result.err());
    List<String> lines = result.out().lines().toList();
    assertEquals(1, lines.stream().filter(line -> line.startsWith("✓ prepare")).count());
    assertTrue(lines.contains("connection lost: trying again for 20 s"), result.out());
    assertTrue(lines.contains("✓ hold         200 ms  12 wait"), result.out());
    assertEquals(List.of("upgrade v2"), control.calls());
  }

  @Test
  void serviceThatStaysAwayIsSix() throws Exception {
    commands.reconnectTimeout(Duration.ofMillis(700));
    FutureTask<Result> command = inBackground("watch", "u7");
    control.awaitWatches(1);
    control.publish("prepare", "intent", "", 0);
    server.close();
    Result result = command.get(20, TimeUnit.SECONDS);
    assertEquals(ExitCode.UNREACHABLE, result.exitCode());
    assertTrue(result.err().startsWith("error: lost sight of u7, it may go on"), result.err());
  }

  @Test
  void undoThatWasStuckOnceIsFollowedToItsEnd() {
    control.publish("start", "stuck", "the engine is away", 0);
    control.publish("start", "undone", "v2 stopped", 500);
    control.end(Outcome.ROLLED_BACK, "db is unhealthy");
    assertEquals(ExitCode.ROLLED_BACK, commands.run("watch", "u7").exitCode());
  }

  @Test
  void undoThatIsStuckNeedsAttentionAndIsNotWaitedFor() {
    control.attention("u7 can't be undone at step start");
    control.publish("start", "stuck", "the engine is away", 0);
    Result result = commands.run("watch", "u7");
    assertEquals(ExitCode.NEEDS_ATTENTION, result.exitCode());
    assertTrue(result.out().contains("u7 needs attention: 'orchestrator status'"), result.out());
  }

  @Test
  void acceptedRunIsFollowedThoughTheServiceIsKilledAtOnce() throws Exception {
    server.close();
    CountDownLatch lost = new CountDownLatch(1);
    HttpServer dying =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    dying.createContext(
        "/v1/upgrades",
        exchange -> {
          if (exchange.getRequestMethod().equals("POST")) {
            byte[] body = "{\"id\":\"u7\"}".getBytes(UTF_8);
            exchange.sendResponseHeaders(202, body.length);
            exchange.getResponseBody().write(body);
          } else {
            lost.countDown(); // Killed before it has answered.
          }
          exchange.close();
        });
    // No backup is needed before the upgrade.
    dying.createContext(
        "/v1/backups",
        exchange -> {
          byte[] body = "{\"id\":\"\"}".getBytes(UTF_8);
          exchange.sendResponseHeaders(202, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    dying.start();
    Files.writeString(
        commands.home.resolve("api"), "127.0.0.1:" + dying.getAddress().getPort() + "\n");
    FutureTask<Result> command = inBackground("upgrade", "v2");
    assertTrue(lost.await(20, TimeUnit.SECONDS));
    dying.stop(0);
    server = serve();
    control.awaitWatches(1);
    control.end(Outcome.DONE, "");
    Result result = command.get(20, TimeUnit.SECONDS);
    assertEquals(ExitCode.DONE, result.exitCode(), result.err());
    assertTrue(result.out().contains("connection lost: trying again"), result.out());
  }

  private void playPrepare() {
    control.publish("prepare", "intent", "", 0);
    control.publish("prepare", "progress", "unpacking images", 2000);
    control.publish("prepare", "done", "green capsule ready", 4100);
  }

  private ApiServer serve() throws IOException {
    return ApiServer.start(
        vertx, FakeStacks.of(control), new ApiSettings("127.0.0.1", 0), commands.home);
  }

  private FutureTask<Result> inBackground(String... arguments) {
    FutureTask<Result> command = new FutureTask<>(() -> commands.run(arguments));
    Thread.ofVirtual().start(command);
    return command;
  }
}
