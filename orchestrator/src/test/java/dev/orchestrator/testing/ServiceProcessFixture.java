package dev.orchestrator.testing;

import dev.orchestrator.Main;
import dev.orchestrator.client.ApiClient;
import dev.orchestrator.client.EventSource;
import dev.orchestrator.client.ServiceLocation;
import dev.orchestrator.common.Json;
import dev.orchestrator.home.HomeFiles;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.report.Status;
import dev.orchestrator.stack.StackSummary;
import dev.orchestrator.upgrade.RunEvent;
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
 * The service in a process of its own, with the light stack or with none, which a test kills and
 * starts again.
 */
public final class ServiceProcessFixture implements AutoCloseable {
  private static final Duration WAIT_LIMIT = Duration.ofSeconds(60);

  private static final int NO_PORT = 0;

  private final Path home;
  private final Path config;

  /** What {@code down} removes of the stacks at the end. */
  private final String removal;

  private final Map<String, String> environment = new HashMap<>();
  public final int port;
  private @Nullable Process process;

  public ServiceProcessFixture(LightStackFixture stack, int port, String settings)
      throws IOException {
    this.home = stack.home();
    this.port = port;
    // Other tests reuse the images of the light stack under its default name.
    this.removal = stack.name().equals("light") ? "volumes" : "images";
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
            upgrade.rehearse = off
            api.listen = "127.0.0.1:0"
            """
                .formatted(
                    stack.name(),
                    stack.home(),
                    Path.of("../config/image").toAbsolutePath().normalize()));
  }

  /**
   * A service without any stack.
   *
   * @param folder for its configuration, its stacks and its state
   * @param settings lines of orchestrator.conf
   */
  public static ServiceProcessFixture withoutStacks(Path folder, String settings)
      throws IOException {
    return new ServiceProcessFixture(folder, settings);
  }

  private ServiceProcessFixture(Path folder, String settings) throws IOException {
    this.home = folder.resolve("home");
    this.port = NO_PORT;
    this.removal = "images";
    this.config =
        Files.writeString(
            folder.resolve("orchestrator.conf"),
            """
            home = "%s"
            image.folder = "%s"
            upgrade.rehearse = off
            api.listen = "127.0.0.1:0"
            %s
            """
                .formatted(
                    home, Path.of("../config/image").toAbsolutePath().normalize(), settings));
  }

  /** Sets an environment variable of the processes that are started from now on. */
  public void setEnvironment(String variable, String value) {
    environment.put(variable, value);
  }

  /** Starts the process; returns when its API answers. */
  public void start() throws IOException, InterruptedException {
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
            .redirectOutput(config.resolveSibling("daemon.out").toFile());
    builder.environment().putAll(environment);
    HomeFiles files = files();
    Files.deleteIfExists(files.address());
    process = builder.start();
    awaitCondition(
        "the service answers",
        () -> {
          if (!process().isAlive()) {
            throw new AssertionError("the service ended: " + output());
          }
          return HomeFiles.read(files.address()).isPresent();
        });
  }

  public String output() throws IOException {
    return Files.readString(config.resolveSibling("daemon.out"));
  }

  private Process process() {
    if (process == null) {
      throw new IllegalStateException("not started");
    }
    return process;
  }

  public boolean isAlive() {
    return process().isAlive();
  }

  /** Kills the process with SIGKILL. */
  public void kill() throws InterruptedException {
    if (!process().destroyForcibly().waitFor(20, TimeUnit.SECONDS)) {
      throw new AssertionError("it does not die");
    }
  }

  /** SIGTERM, as {@code serve --stop} sends it; returns when the process has ended well. */
  public void stop() throws InterruptedException {
    process().destroy();
    if (!process().waitFor(60, TimeUnit.SECONDS)) {
      throw new AssertionError("it does not stop");
    }
    if (process().exitValue() != 0) {
      throw new AssertionError("it exited with " + process().exitValue());
    }
  }

  public HomeFiles files() {
    return new HomeFiles(home);
  }

  public ApiClient api() {
    return new ApiClient(new ServiceLocation(config, home, "127.0.0.1:1"));
  }

  public Status status() {
    return Json.read(api().get("/v1/status"), Status.class);
  }

  public List<StackSummary> stacks() {
    return Json.readList(api().get("/v1/stacks"), StackSummary.class);
  }

  /** Requests a run; returns its id. */
  public String requestRun(String path, Map<String, ?> body) {
    return api().beginRun(path, body);
  }

  /** The first event of a run that matches; empty when the run ends without. */
  public Optional<RunEvent> await(String run, Predicate<RunEvent> wanted) {
    try (EventSource events = api().events(run, 0)) {
      for (RunEvent event = events.next(); event != null; event = events.next()) {
        if (wanted.test(event)) {
          return Optional.of(event);
        }
      }
    }
    return Optional.empty();
  }

  public List<UpgradeRecord> runs() {
    return Json.readList(api().get("/v1/upgrades"), UpgradeRecord.class);
  }

  public Path config() {
    return config;
  }

  public Receipt receipt(String run) {
    return Json.read(api().get("/v1/upgrades/" + run), Receipt.class);
  }

  /** Waits until no run is under way and the stack serves. */
  public Status awaitServing() throws IOException, InterruptedException {
    awaitCondition(
        "the stack serves",
        () -> {
          Status now = status();
          return now.running() == null && now.state().equals("serving");
        });
    return status();
  }

  /** A condition that is polled. */
  public interface Condition {
    public boolean isMet() throws IOException, InterruptedException;
  }

  public void awaitCondition(String description, Condition condition)
      throws IOException, InterruptedException {
    long end = System.nanoTime() + WAIT_LIMIT.toNanos();
    while (!condition.isMet()) {
      if (System.nanoTime() > end) {
        List<String> log = log();
        throw new AssertionError(
            "not within %d s: %s; its log ends with%n%s"
                .formatted(
                    WAIT_LIMIT.toSeconds(),
                    description,
                    String.join("\n", log.subList(Math.max(0, log.size() - 40), log.size()))));
      }
      TimeUnit.MILLISECONDS.sleep(20);
    }
  }

  public List<String> log() throws IOException {
    return Files.readAllLines(files().log());
  }

  @Override
  public void close() throws IOException {
    try {
      if (process != null && !process.isAlive()) {
        start();
      }
      for (StackSummary stack : stacks()) {
        String _ =
            api()
                .post(
                    "/v1/stacks/" + stack.stack() + "/down",
                    Map.of(removal, true),
                    Duration.ofMinutes(2));
      }
      process().destroy();
      if (!process().waitFor(60, TimeUnit.SECONDS)) {
        kill();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
