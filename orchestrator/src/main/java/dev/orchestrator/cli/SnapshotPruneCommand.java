package dev.orchestrator.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.orchestrator.client.ExitCode;
import dev.orchestrator.common.Json;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code snapshot prune}. */
@Command(
    name = "prune",
    description = {
      "Delete the snapshots that the settings in 'snapshots' no longer keep.",
      "Each run does that, too, and the service once an hour where snapshots go by their age. What"
          + " a person made stays."
    })
final class SnapshotPruneCommand implements Callable<Integer> {
  private final RootCommand root;

  @Option(names = "--plan", description = "Print what would be deleted, and change nothing.")
  private boolean plan;

  @Mixin private final JsonOption json = new JsonOption();

  SnapshotPruneCommand(RootCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() {
    String answer =
        root.api().post("/v1/snapshots/prune", Map.of("plan", plan), SnapshotCommand.DEADLINE);
    Terminal terminal = root.context().terminal();
    if (json.requested()) {
      terminal.out().println(Json.indent(answer));
      return ExitCode.DONE;
    }
    JsonNode deleted = Json.read(answer, JsonNode.class).path("deleted");
    deleted.forEach(
        name -> terminal.println(name.asText() + (plan ? " would be deleted" : " deleted")));
    if (deleted.isEmpty()) {
      terminal.println("nothing to delete: the settings keep all snapshots");
    }
    return ExitCode.DONE;
  }
}
