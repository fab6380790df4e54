package dev.orchestrator.upgrade.steps;

import dev.orchestrator.capsule.DatabaseCheck;
import dev.orchestrator.capsule.DatabaseCheck.Result;
import dev.orchestrator.health.HealthException;
import dev.orchestrator.upgrade.Step;
import dev.orchestrator.upgrade.UpgradeContext;
import dev.orchestrator.upgrade.UpgradeRun;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/** Has the databases of a proof check themselves, as they are healthy on damaged tables, too. */
final class CheckDatabasesStep extends Step {
  CheckDatabasesStep() {
    super("check-databases", "has each database check itself with its own tool", "nothing to undo");
  }

  @Override
  public AfterRestart afterRestart() {
    return AfterRestart.UNDO;
  }

  @Override
  public OnFailure onFailure() {
    return OnFailure.ROLL_BACK;
  }

  @Override
  public String run(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    // Every page of every table is read: that may take as long as a copy.
    List<DatabaseCheck> checks =
        context.capsule(run.green()).checkDatabases(context.limits().preSync());
    checks.forEach(check -> progress.accept(check.line()));
    String bad = lines(checks, Result.BAD);
    if (!bad.isEmpty()) {
      throw new HealthException(bad);
    }
    checks.stream()
        .filter(check -> check.result() == Result.UNCHECKED)
        .forEach(check -> context.log().receipt(run.id()).note("not checked: " + check.line()));
    String good = lines(checks, Result.GOOD);
    String unchecked = lines(checks, Result.UNCHECKED);
    return (good.isEmpty() ? "no database found that could be checked" : good)
        + (unchecked.isEmpty() ? "" : "; not checked: " + unchecked);
  }

  private static String lines(List<DatabaseCheck> checks, Result result) {
    return checks.stream()
        .filter(check -> check.result() == result)
        .map(DatabaseCheck::line)
        .collect(Collectors.joining("; "));
  }

  @Override
  public String undo(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    return "";
  }
}
