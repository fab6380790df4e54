package dev.orchestrator.cli;

import dev.orchestrator.api.Json;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.upgrade.Plan;
import dev.orchestrator.upgrade.Status;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code upgrade VERSION}. */
@Command(
    name = "upgrade",
    description = "Moves the stack with its data to another version, and back if that fails.")
final class UpgradeCommand implements Callable<Integer> {
  private static final long POLL_MILLIS = 500;

  private final RootCommand root;

  @Parameters(paramLabel = "VERSION", description = "A folder below the stack's releases/.")
  private String version = "";

  @Option(names = "--plan", description = "Print what would be done, do nothing.")
  private boolean plan;

  @Option(names = "--detach", description = "Print the id of the run, don't watch it.")
  private boolean detach;

  @Option(names = "--wait", description = "Wait for the end of a run that is under way.")
  private boolean wait;

  UpgradeCommand(RootCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() throws InterruptedException {
    if (plan) {
      printPlan();
      return ExitCode.DONE;
    }
    if (wait) {
      awaitIdle();
    }
    String id = Started.run(root.api(), "/v1/upgrades", Map.of("version", version));
    if (detach) {
      root.context().terminal().line(id);
      return ExitCode.DONE;
    }
    return root.follower().follow(id);
  }

  private void awaitIdle() throws InterruptedException {
    String said = "";
    while (true) {
      UpgradeRecord running = Json.read(root.api().get("/v1/status"), Status.class).running();
      if (running == null) {
        return;
      }
      if (!said.equals(running.id())) {
        root.context().terminal().line("waiting for " + Runs.title(running));
        said = running.id();
      }
      TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
    }
  }

  private void printPlan() {
    String answer = root.api().get("/v1/plan?" + ApiClient.parameter("version", version));
    Plan steps = Json.read(answer, Plan.class);
    Terminal terminal = root.context().terminal();
    terminal.line(
        "%s of %s: %s → %s"
            .formatted(
                steps.kind().name().toLowerCase(Locale.ROOT),
                steps.stack(),
                steps.from().isEmpty() ? "nothing" : steps.from(),
                steps.to()));
    Table table = new Table("STEP", "DOES", "UNDONE BY");
    for (Plan.Step step : steps.steps()) {
      table.row(step.name(), step.does(), step.undo().isEmpty() ? "-" : step.undo());
    }
    table.lines().forEach(terminal::line);
  }
}
