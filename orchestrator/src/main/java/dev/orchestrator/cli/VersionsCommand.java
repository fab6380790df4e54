package dev.orchestrator.cli;

import dev.orchestrator.client.ExitCode;
import dev.orchestrator.common.Json;
import dev.orchestrator.report.VersionStatus;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code versions}. */
@Command(name = "versions", description = "Lists the versions of the stack and their state.")
final class VersionsCommand implements Callable<Integer> {
  private final RootCommand root;
  @Mixin private final JsonOption json = new JsonOption();

  VersionsCommand(RootCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() {
    String answer = root.api().get("/v1/versions");
    Terminal terminal = root.context().terminal();
    if (json.given()) {
      terminal.out().println(Json.indent(answer));
      return ExitCode.DONE;
    }
    TextTable table = new TextTable("VERSION", "STATE", "NOTE");
    for (VersionStatus version : Json.readList(answer, VersionStatus.class)) {
      table.row(version.version(), version.state(), version.note());
    }
    table.lines().forEach(terminal::line);
    return ExitCode.DONE;
  }
}
