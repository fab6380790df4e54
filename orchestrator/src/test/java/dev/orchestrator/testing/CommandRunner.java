package dev.orchestrator.testing;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.orchestrator.cli.Cli;
import dev.orchestrator.cli.CliContext;
import dev.orchestrator.cli.FakeMain;
import dev.orchestrator.cli.Terminal;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;

/** Runs commands of the command line in this JVM, with a home folder for the test. */
public final class CommandRunner {
  public final Path config;
  public final Path home;
  private Duration reconnectTimeout = Duration.ofSeconds(20);
  private boolean interactive;
  private String answers = "";
  private final Map<String, String> environment = new HashMap<>();

  /** Writes a configuration whose home is below the folder and whose API port nobody listens on. */
  public CommandRunner(Path folder) throws IOException {
    config = folder.resolve("orchestrator.conf");
    home = folder.resolve("home");
    Files.createDirectory(home);
    environment.put("ORCHESTRATOR_CONFIG", config.toString());
    Files.writeString(config, "home = home\napi.listen = \"127.0.0.1:1\"\n");
  }

  public CommandRunner reconnectTimeout(Duration time) {
    reconnectTimeout = time;
    return this;
  }

  /** Sets the lines that a person types. */
  public CommandRunner answers(String lines) {
    answers = lines;
    return this;
  }

  /** Sets an environment variable. */
  public CommandRunner with(String variable, String value) {
    environment.put(variable, value);
    return this;
  }

  public CommandRunner interactive() {
    interactive = true;
    return this;
  }

  /** What a command printed and its exit code. */
  public record Result(int exitCode, String out, String err) {}

  public Result run(String... arguments) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Terminal terminal =
        new Terminal(
            new PrintStream(out, true, UTF_8),
            new PrintStream(err, true, UTF_8),
            answers.isEmpty() ? null : new ByteArrayInputStream(answers.getBytes(UTF_8)),
            interactive,
            false,
            true,
            60);
    CliContext context =
        new CliContext(
            terminal,
            Map.copyOf(environment),
            null,
            InstantSource.system(),
            reconnectTimeout,
            FakeMain.class.getName(),
            FakeMain::start);
    int exitCode = Cli.run(context, arguments);
    return new Result(exitCode, out.toString(UTF_8), err.toString(UTF_8));
  }
}
