package dev.orchestrator.cli;

import dev.orchestrator.client.ApiClient;
import dev.orchestrator.client.ExitCode;
import dev.orchestrator.common.Json;
import dev.orchestrator.report.Plan;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code upgrade VERSION}. */
@Command(
    name = "upgrade",
    description = {
      "Move the stack with its data to another version.",
      "A version that does not get healthy is undone, and the old version serves on."
    })
final class UpgradeCommand implements Callable<Integer> {
  /** The service goes through the data for a plan, which takes minutes. */
  private static final Duration PLAN_DEADLINE = Duration.ofMinutes(20);

  private final RootCommand root;

  @SuppressWarnings("NullAway.Init") // set by picocli
  @Spec
  private CommandSpec spec;

  @Parameters(
      paramLabel = "VERSION",
      description = "Version to upgrade to: see 'orchestrator versions'.")
  private String version = "";

  @Option(names = "--plan", description = "Print what the upgrade would do, and change nothing.")
  private boolean plan;

  @Option(
      names = "--detach",
      description = "Print the id of the run and return, instead of showing the run.")
  private boolean detach;

  @Option(
      names = "--wait",
      description =
          "Wait until the service can begin the upgrade: for the end of another run, and of a"
              + " takeover.")
  private boolean wait;

  @Option(
      names = "--wait-timeout",
      paramLabel = "SECONDS",
      defaultValue = "86400",
      description = "Give up --wait after so many seconds (default: ${DEFAULT-VALUE}).")
  private int waitSeconds;

  @Option(
      names = "--verify",
      paramLabel = "sample|full",
      description =
          "Compare a copy's databases and a sample of its other files, or all files (default:"
              + " data.verify).")
  private @Nullable VerifyOption verify;

  @Option(
      names = "--allow-attach",
      description =
          "Attach volumes that are not marked immutable: a rollback can't restore their data.")
  private boolean attach;

  @Option(
      names = "--accept-unused",
      paramLabel = "VOLUME",
      description =
          "Go on although the new version does not mount this volume, or ./PATH, of the old one;"
              + " may be repeated. Its data is kept.")
  private List<String> acceptUnused = List.of();

  UpgradeCommand(RootCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() throws InterruptedException {
    if (waitSeconds < 0) {
      throw new ParameterException(
          spec.commandLine(), "--wait-timeout must be a number of seconds from 0 on");
    }
    if (plan) {
      printPlan();
      return ExitCode.DONE;
    }
    String id = begin();
    if (detach) {
      root.context().terminal().println(id);
      return ExitCode.DONE;
    }
    return root.follower().followAccepted(id);
  }

  private String begin() throws InterruptedException {
    Map<String, ?> body =
        Map.of(
            "version",
            version,
            "full",
            verify == VerifyOption.full,
            "attach",
            attach,
            "acceptUnused",
            acceptUnused);
    CliContext context = root.context();
    return wait
        ? new AdmissionWait(
                root.api(),
                context.terminal(),
                context.clock(),
                context.reconnectTimeout(),
                Duration.ofSeconds(waitSeconds))
            .begin("/v1/upgrades", body)
        : root.api().beginRun("/v1/upgrades", body);
  }

  private void printPlan() {
    String query =
        ApiClient.parameter("version", version)
            + (verify == VerifyOption.full ? "&full=true" : "")
            + (attach ? "&attach=true" : "")
            + acceptUnused.stream()
                .map(name -> "&" + ApiClient.parameter("acceptUnused", name))
                .collect(Collectors.joining());
    Plan answer = Json.read(root.api().get("/v1/plan?" + query, PLAN_DEADLINE), Plan.class);
    PlanText.lines(answer).forEach(root.context().terminal()::println);
  }
}
