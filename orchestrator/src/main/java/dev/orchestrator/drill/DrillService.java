package dev.orchestrator.drill;

import dev.orchestrator.client.ApiClient;
import dev.orchestrator.client.ServeProcess;
import dev.orchestrator.client.ServiceLocation;
import dev.orchestrator.home.HomeFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The service of a drill: a process of its own, which is killed and started again. A signal of the
 * terminal doesn't reach it; when this process is gone, it ends with its input.
 */
final class DrillService {
  private static final Duration STARTS = Duration.ofSeconds(60);
  private static final long PAUSE_MILLIS = 20;

  private final String mainClass;
  private final Path config;
  private final HomeFiles files;
  private final String ports;
  private @Nullable Process process;
  private boolean over;

  /**
   * @param files of the drill's home
   * @param ports as in {@link DrillSettings#VARIABLE}
   */
  DrillService(String mainClass, Path config, HomeFiles files, String ports) {
    this.mainClass = mainClass;
    this.config = config;
    this.files = files;
    this.ports = ports;
  }

  ApiClient api() {
    return new ApiClient(new ServiceLocation(config, files.home(), "127.0.0.1:1"));
  }

  /** Returns when its API answers. */
  void start() throws IOException, InterruptedException {
    Process started = launch();
    ServeProcess service = new ServeProcess(files, api());
    long end = System.nanoTime() + STARTS.toNanos();
    while (service.answering().isEmpty()) {
      if (started.waitFor(PAUSE_MILLIS, TimeUnit.MILLISECONDS)) {
        throw new DrillException(
            "its service ended at once: " + service.lastLine().orElse("without a word"));
      }
      if (System.nanoTime() > end) {
        throw new DrillException(
            "its service did not answer within %d s".formatted(STARTS.toSeconds()));
      }
    }
  }

  private synchronized Process launch() throws IOException {
    if (over) {
      throw new DrillException("it is over");
    }
    Files.deleteIfExists(files.address());
    List<String> command = new ArrayList<>(List.of("setsid"));
    command.addAll(ServeProcess.java(mainClass));
    command.addAll(
        List.of("serve", "--config", config.toString(), "--home", files.home().toString()));
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(files.console().toFile());
    builder.environment().put(DrillSettings.VARIABLE, ports);
    Process started = builder.start();
    process = started;
    return started;
  }

  /** SIGKILL; returns when it is gone. */
  synchronized void kill() throws InterruptedException {
    Process running = process;
    if (running != null) {
      int _ = running.destroyForcibly().waitFor();
    }
  }

  /** The same, and it is not started again. */
  synchronized void end() throws InterruptedException {
    over = true;
    kill();
  }
}
