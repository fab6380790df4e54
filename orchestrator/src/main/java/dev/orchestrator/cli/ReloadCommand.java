package dev.orchestrator.cli;

import dev.orchestrator.client.ExitCode;
import dev.orchestrator.common.Json;
import dev.orchestrator.stack.ReloadReport;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code reload}. */
@Command(
    name = "reload",
    description = {
      "Read the settings of service and stacks again.",
      "New stacks are opened, removed ones are closed, changed ones get their new settings. No"
          + " client is refused.",
      "A stack whose settings are wrong goes on with those that it had. Then the exit code is 3."
    })
final class ReloadCommand implements Callable<Integer> {
  private static final Duration DEADLINE = Duration.ofMinutes(5);

  private final RootCommand root;
  @Mixin private final JsonOption json = new JsonOption();

  ReloadCommand(RootCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() {
    String answer = root.api().post("/v1/reload", Map.of(), DEADLINE);
    ReloadReport report = Json.read(answer, ReloadReport.class);
    Terminal terminal = root.context().terminal();
    if (json.requested()) {
      terminal.out().println(Json.indent(answer));
    } else {
      for (ReloadReport.Entry entry : report.stacks()) {
        terminal.println(entry.stack() + ": " + entry.change());
        entry.text().lines().forEach(line -> terminal.println("  " + line));
      }
      report.notes().forEach(terminal::println);
    }
    return report.complete() ? ExitCode.DONE : ExitCode.REFUSED;
  }
}
