package dev.orchestrator.cli;

import dev.orchestrator.Amounts;
import dev.orchestrator.api.Json;
import dev.orchestrator.upgrade.Doctor;
import dev.orchestrator.upgrade.Doctor.State;
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
    Doctor found = Json.read(answer, Doctor.class);
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

  private static void print(Terminal terminal, Doctor found) {
    for (Doctor.Check check : found.checks()) {
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
    Table table = new Table("SERVICE", "PATH", "SIZE", "TO KEEP IT, IN THE COMPOSE FILE");
    for (Doctor.Outside place : found.outside()) {
      table.row(place.service(), place.folder(), Amounts.bytes(place.bytes()), place.add());
    }
    table.lines().forEach(terminal::line);
  }
}
