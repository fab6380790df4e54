package dev.orchestrator.cli;

import dev.orchestrator.client.ExitCode;
import dev.orchestrator.client.RunAccepted;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** {@code abort}. */
@Command(
    name = "abort",
    description =
        "Ends what runs: before the switch it is undone, in the bake rolled back. What can't be"
            + " undone is left as it is.")
final class AbortCommand implements Callable<Integer> {
  private final RootCommand root;

  AbortCommand(RootCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() throws InterruptedException {
    String id = RunAccepted.run(root.api(), "/v1/abort", Map.of());
    int code = root.follower().follow(id);
    // Undone is what was asked for.
    return code == ExitCode.ROLLED_BACK || code == ExitCode.REFUSED ? ExitCode.DONE : code;
  }
}
