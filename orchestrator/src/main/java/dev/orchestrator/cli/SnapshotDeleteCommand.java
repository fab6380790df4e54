package dev.orchestrator.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.orchestrator.client.ExitCode;
import dev.orchestrator.common.Json;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code snapshot delete}. */
@Command(name = "delete", description = "Delete snapshots, and free the space that they take.")
final class SnapshotDeleteCommand implements Callable<Integer> {
  private final RootCommand root;

  @Parameters(
      paramLabel = "NAME",
      arity = "1..*",
      description = "Names, as 'orchestrator snapshot list' has them.")
  private List<String> names = List.of();

  @Mixin private final JsonOption json = new JsonOption();

  SnapshotDeleteCommand(RootCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() {
    for (String name : names) {
      String answer = root.api().delete(SnapshotCommand.path(name), SnapshotCommand.DEADLINE);
      Terminal terminal = root.context().terminal();
      if (json.requested()) {
        terminal.out().println(Json.indent(answer));
      } else {
        terminal.println(Json.read(answer, JsonNode.class).path("result").asText());
      }
    }
    return ExitCode.DONE;
  }
}
