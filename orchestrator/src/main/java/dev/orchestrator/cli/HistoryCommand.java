package dev.orchestrator.cli;

import dev.orchestrator.client.ExitCode;
import dev.orchestrator.common.Json;
import dev.orchestrator.journal.UpgradeRecord;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code history}. */
@Command(name = "history", description = "List all runs, newest first.")
final class HistoryCommand implements Callable<Integer> {
  private final RootCommand root;
  @Mixin private final JsonOption json = new JsonOption();

  HistoryCommand(RootCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() {
    String answer = root.api().get("/v1/upgrades");
    Terminal terminal = root.context().terminal();
    if (json.requested()) {
      terminal.out().println(Json.indent(answer));
    } else {
      RunText.table(Json.readList(answer, UpgradeRecord.class)).forEach(terminal::println);
    }
    return ExitCode.DONE;
  }
}
