package dev.orchestrator.cli;

import dev.orchestrator.client.ExitCode;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** {@code resume}. */
@Command(
    name = "resume",
    description = {
      "Continue after a failure that needs attention.",
      "A stuck undo is tried again at once. A run that has ended is settled when the version that"
          + " serves is healthy again."
    })
final class ResumeCommand implements Callable<Integer> {
  private final RootCommand root;

  ResumeCommand(RootCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() {
    String id = root.api().beginRun("/v1/resume", Map.of());
    root.context().terminal().println(id + ": continued; 'orchestrator status' shows the result");
    return ExitCode.DONE;
  }
}
