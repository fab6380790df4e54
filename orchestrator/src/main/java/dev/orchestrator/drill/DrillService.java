package dev.orchestrator.drill;

import dev.orchestrator.client.ApiClient;
import dev.orchestrator.client.ServeProcess;
import dev.orchestrator.client.ServiceLocation;
import dev.orchestrator.home.HomeFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The service of a drill: a process of its own, started as {@code serve --detach} starts one, which
 * is killed and started again. Signals of the terminal do not reach it; it ends by itself when this
 * process has ended, as its input ends then. Thread-safe.
 */
final class DrillService {
  private static final Duration START_DEADLINE = Duration.ofSeconds(60);
  private static final long PAUSE_MILLIS = 20;

  private final String mainClass;
  private final Path config;
  private final HomeFiles files;
  private final String stack;
  private final String ports;
  private @Nullable Process process;
  private boolean stopped;

  /**
   * Starts nothing yet.
   *
   * @param files the drill's home
   * @param stack name of the stack
   * @param ports value of {@link DrillSettings#VARIABLE}
   */
  DrillService(String mainClass, Path config, HomeFiles files, String stack, String ports) {
    this.mainClass = mainClass;
    this.config = config;
    this.files = files;
    this.stack = stack;
    this.ports = ports;
  }

  ApiClient api() {
    return new ApiClient(new ServiceLocation(config, files.home(), "127.0.0.1:1"));
  }

  /** Starts the process; returns when its API answers. */
  void start() throws IOException, InterruptedException {
    Process started = launch();
    ServeProcess service = new ServeProcess(files, api());
    long end = System.nanoTime() + START_DEADLINE.toNanos();
    while (service.answeringAddress().isEmpty()) {
      if (started.waitFor(PAUSE_MILLIS, TimeUnit.MILLISECONDS)) {
        throw new DrillException(
            "the drill's service ended at once: "
                + service.lastConsoleLine().orElse("without a word"));
      }
      if (System.nanoTime() > end) {
        throw new DrillException(
            "the drill's service did not answer within %d s".formatted(START_DEADLINE.toSeconds()));
      }
    }
  }

  private synchronized Process launch() throws IOException {
    if (stopped) {
      throw new DrillException("the drill has ended");
    }
    Files.deleteIfExists(files.address());
    ProcessBuilder builder =
        new ProcessBuilder(ServeProcess.command(mainClass, config, files.home()))
            .redirectErrorStream(true)
            .redirectOutput(files.console().toFile());
    builder.environment().put(DrillSettings.VARIABLE, ports);
    builder.environment().put(DrillSettings.STACK, stack);
    Process started = builder.start();
    process = started;
    return started;
  }

  /** Sends SIGKILL; returns when the process has ended. */
  synchronized void kill() throws InterruptedException {
    Process running = process;
    if (running != null) {
      int _ = running.destroyForcibly().waitFor();
    }
  }

  /** Kills the process for good: it can't be started again. */
  synchronized void stop() throws InterruptedException {
    stopped = true;
    kill();
  }
}
