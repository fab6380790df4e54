package dev.orchestrator.cli;

import dev.orchestrator.client.RunningService;
import dev.orchestrator.common.SteadyClock;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The environment that commands run in: terminal, variables, clock, and how a service is started.
 *
 * @param terminal where the command prints and asks
 * @param environment environment variables
 * @param root folder of the installation that the launcher belongs to, or null
 * @param clock a clock that is never set back
 * @param reconnectTimeout how long a command tries to reach the service again after it lost it
 * @param mainClass main class of the program, for a service in a process of its own
 * @param starter starts the service in this process
 */
public record CliContext(
    Terminal terminal,
    Map<String, String> environment,
    @Nullable Path root,
    InstantSource clock,
    Duration reconnectTimeout,
    String mainClass,
    RunningService.Starter starter) {

  /** The context of this process. */
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
