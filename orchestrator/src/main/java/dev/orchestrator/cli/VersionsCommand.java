package dev.orchestrator.cli;

import dev.orchestrator.client.ExitCode;
import dev.orchestrator.common.Json;
import dev.orchestrator.journal.RehearsalRecord;
import dev.orchestrator.journal.ReversalRecord;
import dev.orchestrator.report.VersionStatus;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code versions}. */
@Command(
    name = "versions",
    description = "List the versions of the stack, and which are in quarantine and why.")
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
    if (json.requested()) {
      terminal.out().println(Json.indent(answer));
      return ExitCode.DONE;
    }
    TextTable table = new TextTable("VERSION", "STATE", "NOTE");
    for (VersionStatus version : Json.readList(answer, VersionStatus.class)) {
      table.row(version.version(), version.state(), note(version));
    }
    table.lines().forEach(terminal::println);
    return ExitCode.DONE;
  }

  private static String note(VersionStatus version) {
    // A service of an older program does not send the field.
    String sorting = Objects.requireNonNullElse(version.sorting(), "");
    RehearsalRecord rehearsal = version.rehearsal();
    ReversalRecord reversal = version.reversal();
    return Stream.of(
            sorting,
            version.note(),
            rehearsal == null ? "" : RehearseCommand.describe(rehearsal),
            reversal == null
                ? ""
                : "from %s %s".formatted(reversal.fromVersion(), reversal.label().text()))
        .filter(part -> !part.isEmpty())
        .collect(Collectors.joining("; "));
  }
}
