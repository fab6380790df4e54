package dev.orchestrator.cli;

import dev.orchestrator.client.RunningService;
import dev.orchestrator.common.SteadyClock;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What commands need from the process that they run in; a test hands in its own.
 *
 * @param root folder of the installation that the launcher belongs to, or null
 * @param mainClass what a detached service is started with
 * @param starter how {@code serve} starts the service
 * @param patience how long a lost connection is tried again
 */
public record CliContext(
    Terminal terminal,
    Map<String, String> environment,
    @Nullable Path root,
    InstantSource clock,
    Duration patience,
    String mainClass,
    RunningService.Starter starter) {

  /** Of this process. */
  public static CliContext ofProcess(String mainClass, RunningService.Starter starter) {
    Map<String, String> environment = System.getenv();
    String root = System.getProperty("orchestrator.root", "");
    return new CliContext(
        Terminal.ofProcess(environment),
        environment,
        root.isEmpty() ? null : Path.of(root),
        SteadyClock.get(),
        Duration.ofSeconds(60),
        mainClass,
        starter);
  }
}
