package dev.orchestrator.cli;

import dev.orchestrator.client.ApiClient;
import dev.orchestrator.client.ExitCode;
import dev.orchestrator.client.RunAccepted;
import dev.orchestrator.common.Json;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.report.Plan;
import dev.orchestrator.report.Status;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code upgrade VERSION}. */
@Command(
    name = "upgrade",
    description = "Moves the stack with its data to another version, and back if that fails.")
final class UpgradeCommand implements Callable<Integer> {
  private static final long POLL_MILLIS = 500;

  /** Going through the data takes its time. */
  private static final Duration LOOK = Duration.ofMinutes(20);

  private final RootCommand root;

  @Parameters(paramLabel = "VERSION", description = "A folder below the stack's releases/.")
  private String version = "";

  @Option(names = "--plan", description = "Print what would be done, do nothing.")
  private boolean plan;

  @Option(names = "--detach", description = "Print the id of the run, don't watch it.")
  private boolean detach;

  @Option(names = "--wait", description = "Wait for the end of a run that is under way.")
  private boolean wait;

  @Option(
      names = "--verify",
      paramLabel = "sample|full",
      description =
          "Compare the content of databases and of a sample of the other files, or of all files"
              + " (default: data.verify).")
  private @Nullable VerifyOption verify;

  @Option(
      names = "--allow-attach",
      description = "Let volumes be attached that aren't immutable: there is no way back for them.")
  private boolean attach;

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
    String id =
        RunAccepted.run(
            root.api(),
            "/v1/upgrades",
            Map.of("version", version, "full", verify == VerifyOption.full, "attach", attach));
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
        root.context().terminal().line("waiting for " + RunText.title(running));
        said = running.id();
      }
      TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
    }
  }

  private void printPlan() {
    String query =
        ApiClient.parameter("version", version)
            + (verify == VerifyOption.full ? "&full=true" : "")
            + (attach ? "&attach=true" : "");
    Plan found = Json.read(root.api().get("/v1/plan?" + query, LOOK), Plan.class);
    PlanText.lines(found).forEach(root.context().terminal()::line);
  }
}
