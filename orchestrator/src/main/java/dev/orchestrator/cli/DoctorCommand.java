package dev.orchestrator.cli;

import dev.orchestrator.client.ExitCode;
import dev.orchestrator.common.HumanText;
import dev.orchestrator.common.Json;
import dev.orchestrator.report.DoctorReport;
import dev.orchestrator.report.DoctorReport.State;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code doctor}. */
@Command(
    name = "doctor",
    description = {
      "Looks at all that an upgrade and a way back depend on, and at what services keep outside"
          + " their volumes; changes nothing.",
      "Exit code 5 when something is wrong."
    })
final class DoctorCommand implements Callable<Integer> {
  private static final Duration LOOK = Duration.ofMinutes(20);

  private final RootCommand root;

  @Mixin private JsonOption json = new JsonOption();

  DoctorCommand(RootCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() {
    String answer = root.api().get("/v1/doctor", LOOK);
    DoctorReport found = Json.read(answer, DoctorReport.class);
    Terminal terminal = root.context().terminal();
    if (json.given()) {
      terminal.line(Json.indent(answer));
    } else {
      print(terminal, found);
    }
    return found.checks().stream().anyMatch(check -> check.state() == State.BAD)
        ? ExitCode.NEEDS_ATTENTION
        : ExitCode.DONE;
  }

  private static void print(Terminal terminal, DoctorReport found) {
    for (DoctorReport.Check check : found.checks()) {
      String mark =
          switch (check.state()) {
            case GOOD -> terminal.green("✓");
            case WARNING -> terminal.yellow("!");
            case BAD -> terminal.red("✗");
          };
      String advice = check.advice().isEmpty() ? "" : " (" + check.advice() + ")";
      terminal.line("%s %-15s %s%s".formatted(mark, check.name(), check.text(), advice));
    }
    if (found.outside().isEmpty()) {
      return;
    }
    terminal.line("");
    TextTable table = new TextTable("SERVICE", "PATH", "SIZE", "TO KEEP IT, IN THE COMPOSE FILE");
    for (DoctorReport.Outside place : found.outside()) {
      table.row(place.service(), place.folder(), HumanText.bytes(place.bytes()), place.add());
    }
    table.lines().forEach(terminal::line);
  }
}
