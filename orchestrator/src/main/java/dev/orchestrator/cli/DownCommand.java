package dev.orchestrator.cli;

import dev.orchestrator.client.ApiClient;
import dev.orchestrator.client.ExitCode;
import dev.orchestrator.common.Json;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code down}. */
@Command(name = "down", description = "Stop the stack. Its data stays, and 'up' starts it again.")
final class DownCommand implements Callable<Integer> {
  /** Longer than the time that a capsule has to stop. */
  private static final Duration DEADLINE = Duration.ofMinutes(5);

  private final RootCommand root;

  @Option(
      names = "--volumes",
      description = "Also remove the capsules, all data, and the records of all runs.")
  private boolean volumes;

  @Option(
      names = "--images",
      description = "As --volumes, and remove the images that were built for the stack.")
  private boolean images;

  DownCommand(RootCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() {
    ApiClient api = root.api();
    String answer = api.post("/v1/down", Map.of("volumes", volumes, "images", images), DEADLINE);
    String removed = "down; its capsules and its data are removed";
    if (images) {
      int count = Json.tree(answer).path("images").asInt();
      removed += count == 1 ? ", and 1 image" : ", and %d images".formatted(count);
    }
    root.context().terminal().println(volumes || images ? removed : "down; its data stays");
    return ExitCode.DONE;
  }
}
