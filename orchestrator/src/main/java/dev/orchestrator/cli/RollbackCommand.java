package dev.orchestrator.cli;

import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** {@code rollback}. */
@Command(
    name = "rollback",
    description = "Goes back to the version before, with its data as of the switch.")
final class RollbackCommand implements Callable<Integer> {
  private final RootCommand root;

  RollbackCommand(RootCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() throws InterruptedException {
    String id = Started.run(root.api(), "/v1/rollback", Map.of());
    return root.follower().follow(id);
  }
}
