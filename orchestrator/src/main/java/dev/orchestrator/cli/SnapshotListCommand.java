package dev.orchestrator.cli;

import dev.orchestrator.client.ExitCode;
import dev.orchestrator.common.HumanText;
import dev.orchestrator.common.Json;
import dev.orchestrator.report.SnapshotStatus;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code snapshot list}. */
@Command(
    name = "list",
    description = {
      "List all snapshots, newest first.",
      "SHARED is how much of the size others have too, so that it stays when the snapshot is"
          + " deleted. It is of now, or says how long ago it was found."
    })
final class SnapshotListCommand implements Callable<Integer> {
  private final RootCommand root;

  @Mixin private final JsonOption json = new JsonOption();

  SnapshotListCommand(RootCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() {
    String answer = root.api().get("/v1/snapshots", SnapshotCommand.DEADLINE);
    Terminal terminal = root.context().terminal();
    if (json.requested()) {
      terminal.out().println(Json.indent(answer));
      return ExitCode.DONE;
    }
    TextTable table =
        new TextTable("NAME", "VERSION", "CREATED", "SIZE", "SHARED", "REASON", "PROVEN");
    for (SnapshotStatus each : Json.readList(answer, SnapshotStatus.class)) {
      table.row(
          each.name(),
          each.version(),
          HumanText.when(each.created()),
          SnapshotText.size(each.bytes()),
          SnapshotText.shared(each, root.context().clock().instant()),
          each.reason(),
          SnapshotText.proven(each.proven(), each.lastProof()));
    }
    table.lines().forEach(terminal::println);
    return ExitCode.DONE;
  }
}
