package dev.orchestrator.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code upgrade --wait} against a service that does not admit a run yet. */
@Timeout(30)
final class AdmissionWaitTest {
  private static final String DRAINS =
      "the process that served before still drains its connections: try again later";

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
  void waitsUntilTheServiceAdmitsTheUpgradeAndSaysOnceForWhat() throws Exception {
    control.refuseForNow(DRAINS);
    FutureTask<Result> command = inBackground("upgrade", "v2", "--wait", "--detach");
    control.awaitRefusals(3);
    control.refuseForNow("");
    Result result = command.get(20, TimeUnit.SECONDS);
    assertEquals(ExitCode.DONE, result.exitCode(), result.err());
    assertEquals(List.of("waiting: " + DRAINS, "u7"), result.out().lines().toList());
    assertEquals(List.of("upgrade v2"), control.calls());
  }

  @Test
  void waitsForTheServiceThatTakesOver() throws Exception {
    control.refuseForNow("another process takes over: try again when it serves");
    FutureTask<Result> command = inBackground("upgrade", "v2", "--wait", "--detach");
    control.awaitRefusals(1);
    server.close();
    control.refuseForNow("");
    server = serve();
    Result result = command.get(20, TimeUnit.SECONDS);
    assertEquals(ExitCode.DONE, result.exitCode(), result.err());
    assertEquals(List.of("upgrade v2"), control.calls());
  }

  @Test
  void waitsForTheRunThatIsUnderWay() throws Exception {
    control.publish("prepare", "intent", "", 0);
    Result early = commands.run("upgrade", "v2", "--wait", "--wait-timeout", "0");
    assertEquals(ExitCode.REFUSED, early.exitCode());
    assertEquals("waiting: u7 upgrade v1 → v2 is under way\n", early.out());
    assertEquals("error: not admitted within 0 s: u7 upgrade v1 → v2 is under way\n", early.err());
    FutureTask<Result> command = inBackground("upgrade", "v2", "--wait", "--detach");
    control.end(Outcome.DONE, "");
    assertEquals(ExitCode.DONE, command.get(20, TimeUnit.SECONDS).exitCode());
    assertEquals(List.of("upgrade v2"), control.calls());
  }

  @Test
  void givesUpAtTheDeadlineWithTheReason() {
    control.refuseForNow(DRAINS);
    Result result = commands.run("upgrade", "v2", "--wait", "--wait-timeout", "0");
    assertEquals(ExitCode.REFUSED, result.exitCode());
    assertEquals("error: not admitted within 0 s: " + DRAINS + "\n", result.err());
    assertEquals(ExitCode.USAGE, commands.run("upgrade", "v2", "--wait-timeout", "-1").exitCode());
  }

  @Test
  void withoutTheOptionTheRefusalIsAtOnce() {
    control.refuseForNow(DRAINS);
    Result result = commands.run("upgrade", "v2");
    assertEquals(ExitCode.REFUSED, result.exitCode());
    assertEquals("error: " + DRAINS + "\n", result.err());
  }

  @Test
  void aRefusalForGoodIsNotWaitedOut() {
    Result result = commands.run("upgrade", "x9", "--wait");
    assertEquals(ExitCode.REFUSED, result.exitCode());
    assertTrue(result.err().startsWith("error: unknown version x9"), result.err());
  }

  @Test
  void aServiceThatIsAwayFromTheBeginningIsNotWaitedFor() {
    server.close();
    assertEquals(
        ExitCode.UNREACHABLE, commands.run("upgrade", "v2", "--wait", "--detach").exitCode());
  }

  private ApiServer serve() {
    return ApiServer.start(
        vertx, FakeStacks.of(control), new ApiSettings("127.0.0.1", 0), commands.home);
  }

  private FutureTask<Result> inBackground(String... arguments) {
    FutureTask<Result> command = new FutureTask<>(() -> commands.run(arguments));
    Thread.ofVirtual().start(command);
    return command;
  }
}
