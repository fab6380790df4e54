package dev.orchestrator.cli;

import dev.orchestrator.client.ExitCode;
import dev.orchestrator.client.RunAccepted;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** {@code resume}. */
@Command(
    name = "resume",
    description =
        "What needs attention: tries an undo that is stuck again at once, or checks that what"
            + " serves is healthy again.")
final class ResumeCommand implements Callable<Integer> {
  private final RootCommand root;

  ResumeCommand(RootCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() {
    String id = RunAccepted.run(root.api(), "/v1/resume", Map.of());
    root.context().terminal().line(id + ": going on; 'orchestrator status' tells how it is");
    return ExitCode.DONE;
  }
}
