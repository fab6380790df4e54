package dev.orchestrator.cli;

import dev.orchestrator.client.ExitCode;
import dev.orchestrator.common.Json;
import dev.orchestrator.stack.Adopted;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code import --attach CONTAINER|STACK}. */
@Command(
    name = "import",
    description = {
      "Take over a stack that was moved to this host.",
      "The orchestrator of the other host has moved it here (move --to). It becomes a stack of this"
          + " service as it runs, with its settings and its release: clients notice nothing."
          + " --stack gives it another name."
    })
final class ImportCommand implements Callable<Integer> {
  private static final Duration DEADLINE = Duration.ofMinutes(5);

  private final RootCommand root;

  @Option(
      names = "--attach",
      required = true,
      paramLabel = "CONTAINER|STACK",
      description = "The capsule's container, or its stack, where one capsule of it runs here.")
  private String attach = "";

  ImportCommand(RootCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() {
    return attach(root, attach);
  }

  /** Has the service take a capsule over. */
  static int attach(RootCommand root, String container) {
    Map<String, Object> body = new HashMap<>();
    body.put("container", container);
    String stack = root.namedStack();
    if (stack != null) {
      body.put("stack", stack);
    }
    Adopted taken = Json.read(root.api().post("/v1/attach", body, DEADLINE), Adopted.class);
    root.context()
        .terminal()
        .println(
            "stack %s serves here as it did: its settings are in %s"
                .formatted(taken.stack(), taken.folder()));
    return ExitCode.DONE;
  }
}
