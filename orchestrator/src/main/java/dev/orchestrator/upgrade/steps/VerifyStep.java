package dev.orchestrator.upgrade.steps;

import dev.orchestrator.capsule.InnerService;
import dev.orchestrator.health.HealthException;
import dev.orchestrator.health.HealthGate;
import dev.orchestrator.journal.RehearsalRecord;
import dev.orchestrator.settings.UpgradeSettings.VerifySettings;
import dev.orchestrator.upgrade.HoldBudgetExceededException;
import dev.orchestrator.upgrade.Step;
import dev.orchestrator.upgrade.UpgradeContext;
import dev.orchestrator.upgrade.UpgradeRun;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * Waits until every service and every probe of green is healthy, several times in a row, and
 * compares the figures of the stack's invariants with those before.
 */
final class VerifyStep extends Step {
  VerifyStep() {
    super("verify", "waits until every service and every probe is healthy", "nothing to undo");
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
  public boolean runsCandidate() {
    return true;
  }

  @Override
  public String run(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    Duration deadline = context.limits().verify().deadline();
    HealthGate.Healthy healthy = awaitHealthy(run, context, run.budget(deadline), progress);
    run.restartsAtVerify =
        healthy.services().stream()
            .collect(Collectors.toMap(InnerService::service, InnerService::restarts, Integer::sum));
    return healthy.summary()
        + context.invariants().compare(run, run.green(), id(), run.budget(deadline), progress);
  }

  /** Waits within the hold budget; reports a failure that comes from the budget's end as such. */
  private static HealthGate.Healthy awaitHealthy(
      UpgradeRun run, UpgradeContext context, Duration limit, Consumer<String> progress) {
    VerifySettings verify = context.limits().verify();
    try {
      return context.awaitHealthy(
          run.green(),
          new VerifySettings(
              isRehearsed(run, context) ? verify.rehearsed() : verify.passes(),
              verify.interval(),
              limit),
          progress);
    } catch (HealthException e) {
      throw e.ranOut() && limit.compareTo(verify.deadline()) < 0
          ? new HoldBudgetExceededException(e)
          : e;
    }
  }

  /** Whether this run has found this content healthy on a copy of the data. */
  private static boolean isRehearsed(UpgradeRun run, UpgradeContext context) {
    return context
        .journal()
        .rehearsal(run.green().version())
        .filter(RehearsalRecord::good)
        .filter(known -> known.run().equals(run.id()))
        .filter(known -> known.content().equals(run.green().content()))
        .isPresent();
  }

  @Override
  public String undo(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    return "";
  }
}
