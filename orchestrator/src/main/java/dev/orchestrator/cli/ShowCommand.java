package dev.orchestrator.cli;

import dev.orchestrator.client.ApiClient;
import dev.orchestrator.client.ExitCode;
import dev.orchestrator.common.Json;
import dev.orchestrator.journal.Receipt;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code show ID}. */
@Command(
    name = "show",
    description = {
      "Show the receipt of a run.",
      "It has each step with its time, and what was held, copied and checked."
    })
final class ShowCommand implements Callable<Integer> {
  private final RootCommand root;

  @Parameters(
      paramLabel = "ID",
      description = "Id of the run, such as u7: see 'orchestrator history'.")
  private String id = "";

  @Mixin private final JsonOption json = new JsonOption();

  ShowCommand(RootCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() {
    String answer = root.api().get("/v1/upgrades/" + ApiClient.segment(id));
    Terminal terminal = root.context().terminal();
    if (json.requested()) {
      terminal.out().println(Json.indent(answer));
    } else {
      ReceiptText.full(Json.read(answer, Receipt.class)).forEach(terminal::println);
    }
    return ExitCode.DONE;
  }
}
