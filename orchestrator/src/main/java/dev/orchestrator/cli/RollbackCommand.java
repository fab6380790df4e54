package dev.orchestrator.cli;

import dev.orchestrator.client.ExitCode;
import dev.orchestrator.common.Json;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.report.RollbackCost;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code rollback}. */
@Command(
    name = "rollback",
    description = {
      "Go back to the version that served before.",
      "On a terminal the command first prints what was written since the switch, and asks which"
          + " data to start with; in a script, --data or the setting data.rollback says it. The"
          + " newer data is kept, and the receipt names it, either way."
    })
final class RollbackCommand implements Callable<Integer> {
  /** The service goes through the data, which takes minutes. */
  private static final Duration COST_DEADLINE = Duration.ofMinutes(20);

  private static final int POLLS = 50;

  private final RootCommand root;

  @Option(
      names = "--data",
      paramLabel = "carry|restore",
      description = {
        "Data that the old version starts with.",
        "carry: a copy of the newer data; if the version is not healthy with it, its own data as of"
            + " the switch.",
        "restore: its own data as of the switch."
      })
  private @Nullable RollbackDataOption data;

  @Option(
      names = "--plan",
      description = "Print what was written since the switch, and change nothing.")
  private boolean plan;

  @Option(
      names = "--lost",
      description = {
        "After a move: the other host is gone for good. Serve here again, with the data as of the"
            + " move; what was written there since is lost. Refused while that host answers."
      })
  private boolean lost;

  @SuppressWarnings("NullAway.Init") // set by picocli
  @Spec
  private CommandSpec spec;

  RollbackCommand(RootCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() throws InterruptedException {
    Terminal terminal = root.context().terminal();
    RollbackDataOption chosen = data;
    if (lost) {
      if (plan || chosen == RollbackDataOption.carry) {
        throw new ParameterException(
            spec.commandLine(),
            "--lost has no --plan, and no data but that as of the move: leave --data out");
      }
      String id = root.api().beginRun("/v1/rollback", Map.of("lost", true));
      return root.follower().followAccepted(id);
    }
    if (plan || (chosen == null && terminal.canAsk())) {
      RollbackCost cost =
          Json.read(root.api().get("/v1/rollback", COST_DEADLINE), RollbackCost.class);
      RollbackText.lines(cost).forEach(terminal::println);
      if (plan) {
        return ExitCode.DONE;
      }
      Optional<RollbackDataOption> answer = ask(terminal, cost);
      if (answer.isEmpty()) {
        terminal.println("nothing was done");
        return ExitCode.REFUSED;
      }
      chosen = answer.get();
    }
    Map<String, String> body = chosen == null ? Map.of() : Map.of("data", chosen.name());
    String id = root.api().beginRun("/v1/rollback", body);
    int code = root.follower().followAccepted(id);
    return code == ExitCode.ROLLED_BACK && chosen != RollbackDataOption.restore
        ? followFallBack(id, code)
        : code;
  }

  private static Optional<RollbackDataOption> ask(Terminal terminal, RollbackCost cost) {
    RollbackDataOption configured =
        cost.configured().equals("restore") ? RollbackDataOption.restore : RollbackDataOption.carry;
    while (true) {
      String answer =
          terminal.ask(
              "%s with a copy of the newer data (carry), with its data as of the switch (restore), or not at all (no)? [%s] "
                  .formatted(cost.to(), configured));
      switch (answer.strip()) {
        case "" -> {
          return Optional.of(configured);
        }
        case "carry", "c" -> {
          return Optional.of(RollbackDataOption.carry);
        }
        case "restore", "r" -> {
          return Optional.of(RollbackDataOption.restore);
        }
        case "no", "n", "q" -> {
          return Optional.empty();
        }
        default -> terminal.println("carry, restore or no");
      }
    }
  }

  /**
   * Follows the run that the service begins by itself with the old data, when the version was not
   * healthy with the newer data.
   */
  private int followFallBack(String first, int code) throws InterruptedException {
    for (int i = 0; i < POLLS; i++) {
      UpgradeRecord last =
          Json.readList(root.api().get("/v1/upgrades"), UpgradeRecord.class).getFirst();
      if (!last.id().equals(first) && last.kind() == UpgradeRecord.Kind.ROLLBACK) {
        root.context().terminal().println("now with its own data as of the switch: " + last.id());
        return root.follower().followAccepted(last.id());
      }
      TimeUnit.MILLISECONDS.sleep(20);
    }
    return code;
  }
}
