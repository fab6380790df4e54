package dev.orchestrator.cli;

import dev.orchestrator.LightStack;
import dev.orchestrator.Main;
import dev.orchestrator.api.HomeFiles;
import dev.orchestrator.api.Json;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.upgrade.Event;
import dev.orchestrator.upgrade.Status;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The service as a process of its own, with the light stack, that a test kills and starts again.
 */
final class Daemon implements AutoCloseable {
  private static final Duration SOON = Duration.ofSeconds(60);

  private final LightStack stack;
  private final Path config;
  private final Map<String, String> environment = new HashMap<>();
  final int port;
  private @Nullable Process process;

  Daemon(LightStack stack, int port, String settings) throws IOException {
    this.stack = stack;
    this.port = port;
    Files.writeString(
        stack.folder().resolve("stack.conf"),
        """
        routes = [ { name = web, listen = "127.0.0.1:%d", service = ledger, port = 80 } ]
        probes = [
          { name = ledger, service = ledger, http { port = 80, path = "/health", body = "^healthy" } }
        ]
        data { reserve = 100MiB, strategy = copy, rollback = restore }
        %s
        """
            .formatted(port, settings));
    this.config =
        Files.writeString(
            stack.folder().resolveSibling("orchestrator.conf"),
            """
            stack = %s
            stacks-folder = .
            home = "%s"
            image.folder = "%s"
            api.listen = "127.0.0.1:0"
            """
                .formatted(
                    stack.name(),
                    stack.home(),
                    Path.of("../config/image").toAbsolutePath().normalize()));
  }

  /** A variable of the processes that are started from now on. */
  void set(String variable, String value) {
    environment.put(variable, value);
  }

  /** Starts it; returns when its API answers. */
  void start() throws IOException, InterruptedException {
    ProcessBuilder builder =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName(),
                "serve",
                "--config",
                config.toString())
            .redirectErrorStream(true)
            .redirectOutput(stack.folder().resolveSibling("daemon.out").toFile());
    builder.environment().putAll(environment);
    HomeFiles files = files();
    Files.deleteIfExists(files.address());
    process = builder.start();
    until(
        "the service answers",
        () -> {
          if (!process().isAlive()) {
            throw new AssertionError("the service ended: " + output());
          }
          return HomeFiles.read(files.address()).isPresent();
        });
  }

  String output() throws IOException {
    return Files.readString(stack.folder().resolveSibling("daemon.out"));
  }

  private Process process() {
    if (process == null) {
      throw new IllegalStateException("not started");
    }
    return process;
  }

  boolean alive() {
    return process().isAlive();
  }

  /** SIGKILL. */
  void kill() throws InterruptedException {
    if (!process().destroyForcibly().waitFor(20, TimeUnit.SECONDS)) {
      throw new AssertionError("it does not die");
    }
  }

  HomeFiles files() {
    return new HomeFiles(stack.home());
  }

  ApiClient api() {
    return new ApiClient(new Location(config, stack.home(), "127.0.0.1:1"));
  }

  Status status() {
    return Json.read(api().get("/v1/status"), Status.class);
  }

  /** Asks for a run; returns its id. */
  String begin(String path, Map<String, ?> body) {
    return Started.run(api(), path, body);
  }

  /** Reads a run's events until one is wanted; empty when the run ended before. */
  Optional<Event> await(String run, Predicate<Event> wanted) {
    try (EventSource events = api().events(run, 0)) {
      for (Event event = events.next(); event != null; event = events.next()) {
        if (wanted.test(event)) {
          return Optional.of(event);
        }
      }
    }
    return Optional.empty();
  }

  List<UpgradeRecord> runs() {
    return Json.readList(api().get("/v1/upgrades"), UpgradeRecord.class);
  }

  Path config() {
    return config;
  }

  Receipt receipt(String run) {
    return Json.read(api().get("/v1/upgrades/" + run), Receipt.class);
  }

  /** Waits until nothing runs and the stack serves. */
  Status awaitServing() throws IOException, InterruptedException {
    until(
        "the stack serves",
        () -> {
          Status now = status();
          return now.running() == null && now.state().equals("serving");
        });
    return status();
  }

  /** Something that is asked again and again. */
  interface Question {
    boolean yes() throws IOException, InterruptedException;
  }

  void until(String what, Question question) throws IOException, InterruptedException {
    long end = System.nanoTime() + SOON.toNanos();
    while (!question.yes()) {
      if (System.nanoTime() > end) {
        List<String> log = log();
        throw new AssertionError(
            "not within %d s: %s; its log ends with%n%s"
                .formatted(
                    SOON.toSeconds(),
                    what,
                    String.join("\n", log.subList(Math.max(0, log.size() - 40), log.size()))));
      }
      TimeUnit.MILLISECONDS.sleep(20);
    }
  }

  List<String> log() throws IOException {
    return Files.readAllLines(files().log());
  }

  @Override
  public void close() throws IOException {
    try {
      if (process != null && !process.isAlive()) {
        start();
      }
      // The images of the light stack under its own name are for other tests too.
      String what = stack.name().equals("light") ? "volumes" : "images";
      String _ = api().post("/v1/down", Map.of(what, true), Duration.ofMinutes(2));
      process().destroy();
      if (!process().waitFor(60, TimeUnit.SECONDS)) {
        kill();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
