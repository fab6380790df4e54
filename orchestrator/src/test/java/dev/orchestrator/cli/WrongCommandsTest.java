package dev.orchestrator.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.api.ApiServer;
import dev.orchestrator.settings.Settings.ApiSettings;
import dev.orchestrator.testing.CommandRunner;
import dev.orchestrator.testing.CommandRunner.Result;
import dev.orchestrator.testing.FakeControl;
import dev.orchestrator.testing.FakeStacks;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The command lines of {@code wrong/commands.txt}: one line, its exit code, and nothing done. */
@Timeout(30)
final class WrongCommandsTest {
  @TempDir Path folder;
  private final FakeControl control = new FakeControl();
  private CommandRunner commands;
  private Vertx vertx;
  private ApiServer server;

  @BeforeEach
  void start() throws IOException {
    commands = new CommandRunner(folder);
    vertx = Vertx.vertx();
    server =
        ApiServer.start(
            vertx, FakeStacks.of(control), new ApiSettings("127.0.0.1", 0), commands.home);
  }

  @AfterEach
  void stop() {
    server.close();
    vertx.close().await();
  }

  static Stream<String> lines() throws IOException {
    return Files.readAllLines(Path.of("src/test/resources/wrong/commands.txt")).stream()
        .filter(line -> !line.startsWith("#"));
  }

  @ParameterizedTest
  @MethodSource("lines")
  void eachWrongCommandIsAnsweredInOneLine(String line) {
    String[] parts = line.split(" \\| ", 3);
    String[] arguments =
        Arrays.stream(parts[1].split(" ", -1))
            .map(argument -> argument.replace("~", "v".repeat(300)).replace("^", ""))
            .toArray(String[]::new);
    Result result = commands.run(arguments);
    assertEquals(Integer.parseInt(parts[0]), result.exitCode(), result.err());
    assertEquals("", result.out());
    assertEquals(1, result.err().lines().count(), result.err());
    assertTrue(result.err().startsWith("error: "), result.err());
    assertTrue(result.err().contains(parts[2]), result.err());
    assertTrue(result.err().length() < 500, result.err());
    assertFalse(result.err().contains("Exception"), result.err());
    assertEquals(List.of(), control.calls());
    assertEquals(0, commands.run("status").exitCode());
  }
}
