package dev.orchestrator.cli;

import dev.orchestrator.client.ExitCode;
import dev.orchestrator.common.HumanText;
import dev.orchestrator.drill.Drill;
import dev.orchestrator.drill.DrillResult;
import dev.orchestrator.report.Plan;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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
      "Rehearse an upgrade with a copy of the data, while the stack serves.",
      "The rehearsal runs on this host: an upgrade and a rollback, then an upgrade for each step in"
          + " which the service is killed. No client reaches the copy, and all of it is removed at"
          + " the end, also at Ctrl-C.",
      "A drill takes the processor and the memory of two more capsules, and the disk space of four"
          + " copies of the data.",
      "The exit code is 4 when a part of the drill fails."
    })
final class DrillCommand implements Callable<Integer> {
  private static final String ROW = "%-6s   %-22s   %9s   %9s   %s";

  private final RootCommand root;

  @SuppressWarnings("NullAway.Init") // set by picocli
  @Spec
  private CommandSpec spec;

  @Parameters(
      paramLabel = "VERSION",
      description = "Version to upgrade to: see 'orchestrator versions'.")
  private String version = "";

  @Option(
      names = "--steps",
      hidden = true,
      split = ",",
      description = "Kill the service in these steps only.")
  private List<String> chosenSteps = new ArrayList<>();

  DrillCommand(RootCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    long start = System.nanoTime();
    CliContext context = root.context();
    Terminal terminal = context.terminal();
    Drill drill =
        Drill.of(
            new Drill.Program(root.location(), context.environment(), context.mainClass()),
            version);
    List<String> steps = steps(drill.plan());
    configureLog(drill.log());
    terminal.println(
        "drill of %s: %s → %s"
            .formatted(drill.plan().stack(), drill.plan().from(), drill.plan().to()));
    List<DrillResult> results = drill.run(steps, new Printer(terminal, drill.plan().from()));
    return printSummary(drill, results, start);
  }

  private List<String> steps(Plan plan) {
    List<String> all = plan.steps().stream().map(Plan.Step::name).toList();
    for (String step : chosenSteps) {
      if (!all.contains(step)) {
        throw new ParameterException(
            spec.commandLine(),
            "no step %s in an upgrade: %s".formatted(step, String.join(", ", all)));
      }
    }
    return chosenSteps.isEmpty() ? all : chosenSteps;
  }

  /** Prints a drill as it goes on: the copy, then a table with a row for each part. */
  private record Printer(Terminal terminal, String servingVersion) implements Drill.Listener {
    @Override
    public void copying(String line) {
      terminal.redraw("copying: " + line);
    }

    @Override
    public void copied(long files, long bytes, long millis) {
      terminal.redraw("");
      terminal.println(
          "%s in %,d files copied in %s while %s served. Files that are written to while they are"
              .formatted(HumanText.bytes(bytes), files, HumanText.time(millis), servingVersion));
      terminal.println(
          "copied are at best like those on a disk after a power cut: a database that finds its"
              + " files damaged");
      terminal.println("here says nothing about the upgrade, which copies at rest.");
      terminal.println("");
      terminal.println(ROW.formatted("RESULT", "WHAT", "AWAY", "WHOLE", "THEN"));
    }

    @Override
    public void ended(DrillResult result) {
      terminal.println(
          ROW.formatted(
              result.passed() ? "passed" : "FAILED",
              result.part(),
              time(result.awayMillis()),
              time(result.wholeMillis()),
              result.text()));
    }

    private static String time(long millis) {
      return millis < 0 ? "-" : HumanText.time(millis);
    }
  }

  private int printSummary(Drill drill, List<DrillResult> results, long start) {
    Terminal terminal = root.context().terminal();
    long passed = results.stream().filter(DrillResult::passed).count();
    boolean allPassed = passed == results.size();
    boolean killed = results.stream().anyMatch(result -> result.part().startsWith("killed"));
    terminal.println("");
    terminal.println(
        "%s: %d of %d passed in %s%s"
            .formatted(
                allPassed ? terminal.green("passed") : terminal.red("FAILED"),
                passed,
                results.size(),
                HumanText.time(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start)),
                killed ? "" : "; without a whole upgrade and rollback nothing was killed"));
    if (!allPassed) {
      terminal.println("the log of the drill's service is " + drill.log());
    }
    return allPassed ? ExitCode.DONE : ExitCode.DRILL_FAILED;
  }

  /** Called before the first logger exists: the engine's client has one. */
  private static void configureLog(Path log) {
    System.setProperty("logback.configurationFile", "logback-serve.xml");
    System.setProperty("orchestrator.log.file", log.toString());
    System.setProperty("orchestrator.log.console", "NONE");
  }
}
