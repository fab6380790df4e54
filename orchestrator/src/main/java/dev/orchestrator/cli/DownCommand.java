package dev.orchestrator.cli;

import dev.orchestrator.client.ApiClient;
import dev.orchestrator.client.ExitCode;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code down}. */
@Command(name = "down", description = "Stops the stack. Its data stays: 'up' brings it back.")
final class DownCommand implements Callable<Integer> {
  /** Longer than the stop time-out of a capsule. */
  private static final Duration DEADLINE = Duration.ofMinutes(5);

  private final RootCommand root;

  @Option(
      names = "--volumes",
      description = "Remove the stack: its capsules, all its data, what is known of its runs.")
  private boolean volumes;

  @Option(names = "--images", description = "The same, and the images that were built for it.")
  private boolean images;

  DownCommand(RootCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() {
    ApiClient api = root.api();
    api.post("/v1/down", Map.of("volumes", volumes, "images", images), DEADLINE);
    root.context()
        .terminal()
        .line(volumes || images ? "down, and everything of it removed" : "down; its data stays");
    return ExitCode.DONE;
  }
}
