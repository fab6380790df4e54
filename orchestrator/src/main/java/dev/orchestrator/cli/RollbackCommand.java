package dev.orchestrator.cli;

import dev.orchestrator.client.ExitCode;
import dev.orchestrator.client.RunAccepted;
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
import picocli.CommandLine.Option;

/** {@code rollback}. */
@Command(
    name = "rollback",
    description = {
      "Goes back to the version before. Says first what was written since the switch, and asks on a"
          + " terminal; in a script --data or data.rollback must say what becomes of that.",
      "The newer data is kept and named either way."
    })
final class RollbackCommand implements Callable<Integer> {
  /** Going through the data takes its time. */
  private static final Duration LOOK = Duration.ofMinutes(20);

  private static final int POLLS = 50;

  private final RootCommand root;

  @Option(
      names = "--data",
      paramLabel = "carry|restore",
      description = {
        "carry: the old version goes on with a copy of the newer data, and as with restore where it"
            + " isn't healthy with that.",
        "restore: it gets its data as of the switch."
      })
  private @Nullable RollbackDataOption data;

  @Option(names = "--plan", description = "Print what was written since the switch, do nothing.")
  private boolean plan;

  RollbackCommand(RootCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() throws InterruptedException {
    Terminal terminal = root.context().terminal();
    RollbackDataOption wanted = data;
    if (plan || (wanted == null && terminal.asks())) {
      RollbackCost cost = Json.read(root.api().get("/v1/rollback", LOOK), RollbackCost.class);
      RollbackText.lines(cost).forEach(terminal::line);
      if (plan) {
        return ExitCode.DONE;
      }
      Optional<RollbackDataOption> said = ask(terminal, cost);
      if (said.isEmpty()) {
        terminal.line("nothing was done");
        return ExitCode.REFUSED;
      }
      wanted = said.get();
    }
    Map<String, String> body = wanted == null ? Map.of() : Map.of("data", wanted.name());
    String id = RunAccepted.run(root.api(), "/v1/rollback", body);
    int code = root.follower().follow(id);
    return code == ExitCode.ROLLED_BACK && wanted != RollbackDataOption.restore
        ? second(id, code)
        : code;
  }

  private static Optional<RollbackDataOption> ask(Terminal terminal, RollbackCost cost) {
    RollbackDataOption usual =
        cost.configured().equals("restore") ? RollbackDataOption.restore : RollbackDataOption.carry;
    while (true) {
      String answer =
          terminal.ask(
              "%s with a copy of the newer data (carry), with its data as of the switch (restore), or not at all (no)? [%s] "
                  .formatted(cost.to(), usual));
      switch (answer.strip()) {
        case "" -> {
          return Optional.of(usual);
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
        default -> terminal.line("carry, restore or no");
      }
    }
  }

  /** The run with the old data that follows one that wasn't healthy with the newer. */
  private int second(String first, int code) throws InterruptedException {
    for (int i = 0; i < POLLS; i++) {
      UpgradeRecord last =
          Json.readList(root.api().get("/v1/upgrades"), UpgradeRecord.class).getFirst();
      if (!last.id().equals(first) && last.kind() == UpgradeRecord.Kind.ROLLBACK) {
        root.context().terminal().line("now with its data as of the switch: " + last.id());
        return root.follower().follow(last.id());
      }
      TimeUnit.MILLISECONDS.sleep(20);
    }
    return code;
  }
}
