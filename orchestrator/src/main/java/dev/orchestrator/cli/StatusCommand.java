package dev.orchestrator.cli;

import dev.orchestrator.client.ExitCode;
import dev.orchestrator.common.Json;
import dev.orchestrator.report.Status;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code status}. */
@Command(name = "status", description = "Show which version serves, its services and its routes.")
final class StatusCommand implements Callable<Integer> {
  private final RootCommand root;
  @Mixin private final JsonOption json = new JsonOption();

  StatusCommand(RootCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() {
    String answer = root.api().get("/v1/status");
    Terminal terminal = root.context().terminal();
    if (json.requested()) {
      terminal.out().println(Json.indent(answer));
    } else {
      StatusText.lines(Json.read(answer, Status.class), terminal, root.context().clock().instant())
          .forEach(terminal::println);
    }
    return ExitCode.DONE;
  }
}
