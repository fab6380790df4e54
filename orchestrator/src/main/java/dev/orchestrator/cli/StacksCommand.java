package dev.orchestrator.cli;

import dev.orchestrator.client.ExitCode;
import dev.orchestrator.common.HumanText;
import dev.orchestrator.common.Json;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.stack.StackSummary;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code stacks}. */
@Command(name = "stacks", description = "List the stacks: version, health, last run, next run.")
final class StacksCommand implements Callable<Integer> {
  private static final Duration DEADLINE = Duration.ofMinutes(2);

  private final RootCommand root;
  @Mixin private final JsonOption json = new JsonOption();

  StacksCommand(RootCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() {
    String answer = root.api().get("/v1/stacks", DEADLINE);
    Terminal terminal = root.context().terminal();
    if (json.requested()) {
      terminal.out().println(Json.indent(answer));
      return ExitCode.DONE;
    }
    List<StackSummary> stacks = Json.readList(answer, StackSummary.class);
    TextTable table = new TextTable("STACK", "VERSION", "STATE", "HEALTH", "LAST RUN", "NEXT RUN");
    for (StackSummary stack : stacks) {
      table.row(
          stack.stack(),
          orDash(stack.version()),
          stack.state(),
          orDash(stack.health()),
          last(stack.last()),
          next(stack.nextRun()));
    }
    table.lines().forEach(terminal::println);
    for (StackSummary stack : stacks) {
      stack
          .problem()
          .lines()
          .forEach(line -> terminal.println("%s: %s".formatted(stack.stack(), line)));
    }
    return ExitCode.DONE;
  }

  private static String orDash(String text) {
    return text.isEmpty() ? "-" : text;
  }

  private static String last(@Nullable UpgradeRecord run) {
    if (run == null) {
      return "-";
    }
    Instant ended = run.ended();
    return "%s: %s%s"
        .formatted(
            RunText.title(run),
            run.outcomeText(),
            ended == null ? "" : ", " + HumanText.when(ended));
  }

  private static String next(@Nullable Instant next) {
    return next == null ? "-" : HumanText.when(next);
  }
}
