package dev.orchestrator.cli;

import dev.orchestrator.client.ApiClient;
import dev.orchestrator.client.CommandException;
import dev.orchestrator.client.ExitCode;
import dev.orchestrator.common.Json;
import dev.orchestrator.report.Plan;
import java.time.Duration;
import java.util.HashMap;
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
      names = "--files",
      paramLabel = "release|keep",
      description =
          "Changed files of the release that services write to: replace them, and set the changed"
              + " ones aside, or keep them (default: data.files).")
  private @Nullable FilesOption files;

  @Option(
      names = "--accept-unused",
      paramLabel = "VOLUME",
      description =
          "Go on although the new version does not mount this volume, or ./PATH, of the old one;"
              + " may be repeated. Its data is kept.")
  private List<String> acceptUnused = List.of();

  @Option(
      names = "--no-rehearse",
      description = "Do not rehearse first, whatever upgrade.rehearse says.")
  private boolean noRehearsal;

  @Option(
      names = "--accept-one-way",
      description =
          "Upgrade although a rehearsal has found that nothing leads back from the version"
              + " (default: upgrade.one-way).")
  private boolean acceptOneWay;

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
    int backup = backUpFirst();
    if (backup != ExitCode.DONE) {
      return backup;
    }
    String id = begin();
    if (detach) {
      root.context().terminal().println(id);
      return ExitCode.DONE;
    }
    return root.follower().followAccepted(id);
  }

  /** Makes the backup that the upgrade needs; an upgrade without it would be refused. */
  private int backUpFirst() throws InterruptedException {
    BackupFollower follower = new BackupFollower(root);
    Map<String, Object> body = Map.of("ifRequired", true);
    String id;
    try {
      id = wait ? awaited("/v1/backups", body) : follower.begin("/v1/backups", body);
    } catch (CommandException.Unknown e) {
      return ExitCode.DONE; // A service that knows no backups requires none.
    }
    if (id.isEmpty()) {
      return ExitCode.DONE;
    }
    root.context().terminal().println("a backup first, as upgrade.backup is required");
    return follower.follow(id, false);
  }

  private String begin() throws InterruptedException {
    Map<String, Object> body = new HashMap<>();
    body.put("version", version);
    body.put("full", verify == VerifyOption.full);
    body.put("attach", attach);
    body.put("acceptUnused", acceptUnused);
    if (files != null) {
      body.put("files", files.name());
    }
    if (noRehearsal) {
      body.put("rehearse", false);
    }
    if (acceptOneWay) {
      body.put("acceptOneWay", true);
    }
    return wait ? awaited("/v1/upgrades", body) : root.api().beginRun("/v1/upgrades", body);
  }

  /** Sends the request once the service admits it; returns the id of what it has begun. */
  private String awaited(String path, Map<String, Object> body) throws InterruptedException {
    CliContext context = root.context();
    return new AdmissionWait(
            root.api(),
            context.terminal(),
            context.clock(),
            context.reconnectTimeout(),
            Duration.ofSeconds(waitSeconds))
        .begin(path, body);
  }

  private void printPlan() {
    String query =
        ApiClient.parameter("version", version)
            + (verify == VerifyOption.full ? "&full=true" : "")
            + (attach ? "&attach=true" : "")
            + (noRehearsal ? "&rehearse=false" : "")
            + (files == null ? "" : "&files=" + files.name())
            + (acceptOneWay ? "&acceptOneWay=true" : "")
            + acceptUnused.stream()
                .map(name -> "&" + ApiClient.parameter("acceptUnused", name))
                .collect(Collectors.joining());
    Plan answer = Json.read(root.api().get("/v1/plan?" + query, PLAN_DEADLINE), Plan.class);
    PlanText.lines(answer).forEach(root.context().terminal()::println);
  }
}
