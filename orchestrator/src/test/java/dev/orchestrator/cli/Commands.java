package dev.orchestrator.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;

/** Runs commands in this JVM, with a home of the test's own. */
final class Commands {
  final Path config;
  final Path home;
  private Duration patience = Duration.ofSeconds(20);
  private boolean interactive;

  /** Writes a configuration whose home is below the folder and whose API has a port of no one. */
  Commands(Path folder) throws IOException {
    config = folder.resolve("orchestrator.conf");
    home = folder.resolve("home");
    Files.createDirectory(home);
    Files.writeString(config, "home = home\napi.listen = \"127.0.0.1:1\"\n");
  }

  Commands patience(Duration time) {
    patience = time;
    return this;
  }

  Commands interactive() {
    interactive = true;
    return this;
  }

  /** What a command printed and its exit code. */
  record Result(int exitCode, String out, String err) {}

  Result run(String... arguments) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Terminal terminal =
        new Terminal(
            new PrintStream(out, true, UTF_8),
            new PrintStream(err, true, UTF_8),
            interactive,
            false,
            true,
            60);
    CliContext context =
        new CliContext(
            terminal,
            Map.of("ORCHESTRATOR_CONFIG", config.toString()),
            null,
            InstantSource.system(),
            patience,
            FakeMain.class.getName(),
            FakeMain::start);
    int exitCode = Cli.run(context, arguments);
    return new Result(exitCode, out.toString(UTF_8), err.toString(UTF_8));
  }
}
