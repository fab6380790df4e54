package dev.orchestrator.cli;

import dev.orchestrator.client.ExitCode;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code up [VERSION]}. */
@Command(name = "up", description = "Start the stack, and make its routes lead to it.")
final class UpCommand implements Callable<Integer> {
  private final RootCommand root;

  @Parameters(
      arity = "0..1",
      paramLabel = "VERSION",
      description = "Version to start (default: the version that served last, else the newest).")
  private @Nullable String version;

  UpCommand(RootCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() throws InterruptedException {
    Map<String, String> body = version == null ? Map.of() : Map.of("version", version);
    String id = root.api().beginRun("/v1/up", body);
    if (id.isEmpty()) {
      root.context().terminal().println("the stack serves already: nothing to do");
      return ExitCode.DONE;
    }
    return root.follower().followAccepted(id);
  }
}
