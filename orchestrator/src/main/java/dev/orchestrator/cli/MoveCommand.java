package dev.orchestrator.cli;

import dev.orchestrator.client.ExitCode;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code move --to ENGINE}. */
@Command(
    name = "move",
    description = {
      "Move the stack with its data to another host, while it serves.",
      "Image and data are sent to the Docker engine there while the stack serves here; the last"
          + " difference goes while clients wait. Then the routes of this host lead to that host. A"
          + " move that fails is undone, and the stack serves on here. 'orchestrator rollback' brings"
          + " it back later."
    })
final class MoveCommand implements Callable<Integer> {
  private final RootCommand root;

  @Option(
      names = "--to",
      required = true,
      paramLabel = "ENGINE",
      description = {
        "The engine: ssh://[USER@]HOST[:PORT], tcp://HOST:PORT with TLS, or the name of a Docker"
            + " context. Keys, known hosts and contexts are those of the service's user."
      })
  private String to = "";

  @Option(
      names = "--verify",
      paramLabel = "sample|full",
      description =
          "Compare the copy's databases and a sample of its other files, or all files (default:"
              + " data.verify).")
  private @Nullable VerifyOption verify;

  @Option(
      names = "--detach",
      description = "Print the id of the run and return, instead of showing the run.")
  private boolean detach;

  MoveCommand(RootCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() throws InterruptedException {
    Map<String, Object> body = Map.of("to", to, "full", verify == VerifyOption.full);
    String id = root.api().beginRun("/v1/move", body);
    if (detach) {
      root.context().terminal().println(id);
      return ExitCode.DONE;
    }
    return root.follower().followAccepted(id);
  }
}
