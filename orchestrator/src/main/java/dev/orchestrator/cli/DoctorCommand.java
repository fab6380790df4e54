package dev.orchestrator.cli;

import dev.orchestrator.capsule.ChangedFile;
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
      "Check everything that an upgrade and a rollback depend on.",
      "The command also lists the files that services keep outside their volumes. It changes"
          + " nothing.",
      "The exit code is 5 when a check fails."
    })
final class DoctorCommand implements Callable<Integer> {
  /** Checks that go through the data take minutes. */
  private static final Duration DEADLINE = Duration.ofMinutes(20);

  private final RootCommand root;

  @Mixin private JsonOption json = new JsonOption();

  DoctorCommand(RootCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() {
    String answer = root.api().get("/v1/doctor", DEADLINE);
    DoctorReport report = Json.read(answer, DoctorReport.class);
    Terminal terminal = root.context().terminal();
    if (json.requested()) {
      terminal.println(Json.indent(answer));
    } else {
      print(terminal, report);
    }
    return report.checks().stream().anyMatch(check -> check.state() == State.BAD)
        ? ExitCode.NEEDS_ATTENTION
        : ExitCode.DONE;
  }

  private static void print(Terminal terminal, DoctorReport report) {
    for (DoctorReport.Check check : report.checks()) {
      String mark =
          switch (check.state()) {
            case GOOD -> terminal.green("✓");
            case WARNING -> terminal.yellow("!");
            case BAD -> terminal.red("✗");
          };
      String advice = check.advice().isEmpty() ? "" : " (" + check.advice() + ")";
      terminal.println("%s %-15s %s%s".formatted(mark, check.name(), check.text(), advice));
    }
    for (ChangedFile file : report.files()) {
      terminal.println("");
      terminal.println("%s (%s)".formatted(file.path(), file.why()));
      file.diff().lines().forEach(line -> terminal.println("    " + line));
    }
    if (report.outside().isEmpty()) {
      return;
    }
    terminal.println("");
    TextTable table = new TextTable("SERVICE", "PATH", "SIZE", "TO KEEP IT, IN THE COMPOSE FILE");
    for (DoctorReport.Outside files : report.outside()) {
      table.row(files.service(), files.folder(), HumanText.bytes(files.bytes()), files.add());
    }
    table.lines().forEach(terminal::println);
  }
}
