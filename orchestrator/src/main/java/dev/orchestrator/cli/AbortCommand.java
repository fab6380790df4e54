package dev.orchestrator.cli;

import dev.orchestrator.client.ExitCode;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** {@code abort}. */
@Command(
    name = "abort",
    description = {
      "End the run that is under way, and undo it.",
      "Before the switch the run is undone, in the bake it is rolled back. A run whose undo is"
          + " stuck is left as it is."
    })
final class AbortCommand implements Callable<Integer> {
  private final RootCommand root;

  AbortCommand(RootCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() throws InterruptedException {
    String id = root.api().beginRun("/v1/abort", Map.of());
    int code = root.follower().followAccepted(id);
    // The run was to be undone: that it is, is a success.
    return code == ExitCode.ROLLED_BACK || code == ExitCode.REFUSED ? ExitCode.DONE : code;
  }
}
