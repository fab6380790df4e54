package dev.orchestrator.adopt;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.orchestrator.Service;
import dev.orchestrator.client.ExitCode;
import dev.orchestrator.engine.DockerEngine;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.ExecResult;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.home.HomeOwnership;
import dev.orchestrator.stack.Control;
import dev.orchestrator.testing.CommandRunner;
import dev.orchestrator.testing.CommandRunner.Result;
import dev.orchestrator.testing.TestImagesFixture;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The whole service without a stack, its commands, and a compose project beside it on the host's
 * engine. Closing it removes all of it.
 */
final class AdoptServiceFixture implements AutoCloseable {
  private static final Duration SOON = Duration.ofSeconds(60);

  final String name;
  final Engine engine = DockerEngine.connect("", SOON);
  final Path folder;
  final Path stacks;
  final CommandRunner commands;
  final Service service;
  final RunningProjectFixture project;
  final TestImagesFixture image;
  private final HttpClient http = HttpClient.newHttpClient();

  AdoptServiceFixture(Path dir, String name) throws IOException {
    this.name = name;
    image = TestImagesFixture.busybox(engine, Files.createDirectory(dir.resolve("image")));
    Map<String, String> owner = Map.of(Labels.HOME, "test-" + name);
    String base = new StackHostFixture(engine, owner, dir.resolve("light")).base();
    commands = new CommandRunner(dir);
    Files.writeString(
        commands.config,
        """
        home = home
        stacks-folder = stacks
        image.folder = "%s"
        upgrade.rehearse = off
        api.listen = "127.0.0.1:0"
        data.reserve = 100MiB
        upgrade { bake = 1s, verify { passes = 1, interval = 100ms } }
        """
            .formatted(Path.of("../config/image").toAbsolutePath().normalize()));
    stacks = Files.createDirectories(dir.resolve("stacks"));
    folder = Files.createDirectories(dir.resolve(name));
    service = Service.start(commands.config, System.getenv(), HomeOwnership.ALONE);
    RunningProjectFixture compose =
        RunningProjectFixture.of(engine, base, name, dir, Map.of(Labels.OURS, "1", "run", name));
    project = new RunningProjectFixture(engine, name, folder, compose.compose());
  }

  void write(String compose) throws IOException {
    Files.writeString(folder.resolve("compose.yaml"), compose);
  }

  /** Runs Compose in the project's folder. */
  void compose(String... words) {
    project.compose(Map.of(), words);
  }

  /** Runs a command of the host's Docker. */
  String docker(String... words) {
    List<String> command = new ArrayList<>(List.of("docker"));
    command.addAll(List.of(words));
    ExecResult result = engine.exec(project.compose(), command, SOON);
    if (!result.ok()) {
      throw new AssertionError(String.join(" ", command) + ": " + result.stderr());
    }
    return result.stdout().strip();
  }

  void done(String... words) {
    Result result = commands.run(words);
    assertEquals(ExitCode.DONE, result.exitCode(), result.toString());
  }

  String get(int port) throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port)).timeout(SOON).build();
    return http.send(request, HttpResponse.BodyHandlers.ofString()).body();
  }

  /** Labels of everything that the service makes. */
  Map<String, String> ours() {
    return Map.of(Labels.HOME, Labels.home(commands.home));
  }

  @Override
  public void close() {
    try (Engine last = engine) {
      try (Service closing = service) {
        closing
            .stacks()
            .list()
            .forEach(stack -> closing.stacks().control(stack.stack()).down(Control.Removal.IMAGES));
      }
      project.close();
      image.remove();
      assertEquals(List.of(), last.containers(ours()));
    }
  }
}
