package dev.orchestrator.cli;

import dev.orchestrator.client.ApiClient;
import dev.orchestrator.client.ExitCode;
import dev.orchestrator.client.ServiceLocation;
import dev.orchestrator.common.HumanText;
import dev.orchestrator.common.Json;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.data.DataException;
import dev.orchestrator.drill.Drill;
import dev.orchestrator.drill.DrillResult;
import dev.orchestrator.drill.DrillRuns;
import dev.orchestrator.drill.StackReplica;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.home.HomeFiles;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.report.Plan;
import dev.orchestrator.report.Status;
import dev.orchestrator.settings.HomeFolder;
import dev.orchestrator.settings.Settings;
import dev.orchestrator.settings.SettingsLoader;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code drill VERSION}. */
@Command(
    name = "drill",
    description = {
      "Rehearses an upgrade on this host with a copy of the data, while the stack serves: once in"
          + " peace and back, then with the service killed in each of its steps. Nothing public"
          + " leads there, and all of it is removed at the end, also at Ctrl-C.",
      "It takes the processor and the memory of two more capsules, and the space of four copies.",
      "Exit code 4 when something in it failed."
    })
final class DrillCommand implements Callable<Integer> {
  /** Going through the data takes its time. */
  private static final Duration LOOK = Duration.ofMinutes(20);

  private final RootCommand root;

  @SuppressWarnings("NullAway.Init") // set by picocli
  @Spec
  private CommandSpec spec;

  @Parameters(paramLabel = "VERSION", description = "A folder below the stack's releases/.")
  private String version = "";

  @Option(names = "--steps", hidden = true, split = ",", description = "Kill in these alone.")
  private List<String> only = new ArrayList<>();

  DrillCommand(RootCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    long start = System.nanoTime();
    ServiceLocation location = root.location();
    HomeFiles real = new HomeFiles(location.home());
    Status status = Json.read(root.api().get("/v1/status"), Status.class);
    if (status.running() != null) {
      throw new RefusedException(
          "%s is under way: wait for its end ('orchestrator watch')"
              .formatted(status.running().id()));
    }
    Generation blue = Json.read(root.api().get("/v1/serving"), Generation.class);
    if (blue.version().equals(version)) {
      throw new RefusedException(version + " is the version that serves: nothing to rehearse");
    }
    Plan plan =
        Json.read(
            root.api().get("/v1/plan?" + ApiClient.parameter("version", version), LOOK),
            Plan.class);
    List<String> steps = steps(plan);
    configureLog(real);
    try (Drill drill = begin(location, real)) {
      copy(drill, blue, plan);
      return table(drill, steps, start, real);
    } catch (EngineException | DataException e) {
      throw new RefusedException(String.valueOf(e.getMessage()), e);
    }
  }

  private List<String> steps(Plan plan) {
    List<String> all = plan.steps().stream().map(Plan.Step::name).toList();
    for (String step : only) {
      if (!all.contains(step)) {
        throw new ParameterException(
            spec.commandLine(),
            "no step %s in an upgrade: %s".formatted(step, String.join(", ", all)));
      }
    }
    return only.isEmpty() ? all : only;
  }

  private Drill begin(ServiceLocation location, HomeFiles real) throws IOException {
    Path config = location.config();
    if (config == null) {
      throw new RefusedException("a drill needs the service's configuration: use --config FILE");
    }
    Map<String, String> environment = new HashMap<>(root.context().environment());
    environment.put(HomeFolder.VARIABLE, Drill.files(real).home().toString());
    Settings settings = SettingsLoader.load(config, environment);
    return Drill.begin(real, settings, config, root.context().mainClass());
  }

  private void copy(Drill drill, Generation blue, Plan plan) {
    Terminal terminal = root.context().terminal();
    terminal.line("drill of %s: %s → %s".formatted(plan.stack(), plan.from(), plan.to()));
    long start = System.nanoTime();
    terminal.redraw("copying the data");
    StackReplica.Copied copied =
        drill.copy(blue, plan, line -> terminal.redraw("copying: " + line));
    terminal.redraw("");
    terminal.line(
        "%s in %,d files copied in %s while %s served. What is copied while it is written to is at"
            .formatted(
                HumanText.bytes(copied.bytes()), copied.files(), since(start), blue.version()));
    terminal.line(
        "best like a disk after a power cut: a database that finds its files damaged here is none"
            + " of the upgrade's, which copies at rest.");
    terminal.line("");
  }

  private int table(Drill drill, List<String> steps, long start, HomeFiles real)
      throws IOException, InterruptedException {
    Terminal terminal = root.context().terminal();
    terminal.line(DrillResult.heading());
    List<DrillResult> rows = new ArrayList<>();
    boolean goesOn =
        show(rows, drill.row("up on the copy", DrillRuns::up))
            && show(rows, drill.row("upgrade", DrillRuns::upgrade))
            && show(rows, drill.row("rollback", DrillRuns::rollback));
    if (goesOn) {
      for (String step : steps) {
        show(rows, drill.row("killed in " + step, runs -> runs.killedIn(step)));
      }
    }
    long passed = rows.stream().filter(DrillResult::passed).count();
    boolean all = passed == rows.size();
    terminal.line("");
    terminal.line(
        "%s: %d of %d passed in %s%s"
            .formatted(
                all ? terminal.green("passed") : terminal.red("FAILED"),
                passed,
                rows.size(),
                since(start),
                goesOn ? "" : "; without a whole upgrade and back nothing was killed"));
    if (!all) {
      terminal.line("what its services wrote is in " + Drill.log(real));
    }
    return all ? ExitCode.DONE : ExitCode.DRILL_FAILED;
  }

  private boolean show(List<DrillResult> rows, DrillResult row) {
    rows.add(row);
    root.context().terminal().line(row.line());
    return row.passed();
  }

  private static String since(long start) {
    return HumanText.time(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start));
  }

  /** Before the first logger: the engine's client has one. */
  private static void configureLog(HomeFiles real) {
    System.setProperty("logback.configurationFile", "logback-serve.xml");
    System.setProperty("orchestrator.log.file", Drill.log(real).toString());
    System.setProperty("orchestrator.log.console", "NONE");
  }
}
