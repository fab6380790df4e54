package dev.orchestrator.upgrade.steps;

import dev.orchestrator.capsule.Capsule;
import dev.orchestrator.capsule.InnerService;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.settings.DataSettings;
import dev.orchestrator.settings.DataSettings.Quiesce;
import dev.orchestrator.upgrade.FreezeGuard;
import dev.orchestrator.upgrade.HoldBudgetExceededException;
import dev.orchestrator.upgrade.Step;
import dev.orchestrator.upgrade.UpgradeContext;
import dev.orchestrator.upgrade.UpgradeRun;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;

/** Stops or freezes blue's writers, so that blue's data on disk is complete and constant. */
final class QuiesceStep extends Step {
  QuiesceStep() {
    super(
        "quiesce",
        "stops blue's services, so that what they have in memory is on disk",
        "blue is started");
  }

  @Override
  public AfterRestart afterRestart() {
    return AfterRestart.UNDO;
  }

  @Override
  public OnFailure onFailure() {
    return OnFailure.ROLL_BACK;
  }

  /** Touches blue only: a blue that does not stop does not speak against the candidate. */
  @Override
  public boolean isFaultOfCandidate(Throwable failure) {
    return failure instanceof HoldBudgetExceededException;
  }

  /**
   * Checks freezing in a rollback; an upgrade checks it in the build, which knows the databases.
   */
  @Override
  public String check(UpgradeRun run, UpgradeContext context) {
    if (run.previous != null) {
      FreezeGuard.check(
          context.dataSettings(),
          context.builder().databases(run.blue().image()),
          context.builder().databases(run.previous.image()));
    }
    return "";
  }

  @Override
  public String run(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    DataSettings data = context.dataSettings();
    Duration limit = context.limits().hold();
    Generation blue = run.blue();
    Capsule capsule = context.capsule(blue);
    context.hooks().runBefore(run, capsule);
    // The next epoch's lease keeps blue from starting its services by hand or after a reboot.
    capsule.lease(Math.max(blue.number(), run.green().number()) + 1, run.budget(limit));
    List<String> names = services(run, context, capsule);
    List<String> exceptions =
        names.stream()
            .filter(name -> data.services().getOrDefault(name, data.quiesce()) != data.quiesce())
            .toList();
    return data.quiesce() == Quiesce.STOP
        ? stop(run, limit, capsule, names, exceptions)
        : freeze(run, limit, context, capsule, exceptions);
  }

  private static String stop(
      UpgradeRun run, Duration limit, Capsule capsule, List<String> services, List<String> frozen) {
    String version = run.blue().version();
    if (frozen.isEmpty()) {
      capsule.stop(run.budget(limit));
      return version + "'s services stopped, data flushed";
    }
    List<String> others = services.stream().filter(name -> !frozen.contains(name)).toList();
    if (!others.isEmpty()) {
      capsule.stop(others, run.budget(limit));
    }
    capsule.freeze(frozen, run.budget(limit));
    return "%s's services stopped, data flushed; frozen: %s"
        .formatted(version, String.join(", ", frozen));
  }

  private static String freeze(
      UpgradeRun run,
      Duration limit,
      UpgradeContext context,
      Capsule capsule,
      List<String> stopped) {
    if (!stopped.isEmpty()) {
      capsule.stop(stopped, run.budget(limit));
    }
    Duration _ = run.budget(limit);
    context.engine().pauseContainer(run.blue().container());
    return run.blue().version()
        + " frozen"
        + (stopped.isEmpty() ? "" : "; stopped before: " + String.join(", ", stopped));
  }

  /** Names of blue's services; only queried where some services are quiesced differently. */
  private static List<String> services(UpgradeRun run, UpgradeContext context, Capsule capsule) {
    return context.dataSettings().services().isEmpty()
        ? List.of()
        : capsule.services(run.budget(context.limits().hold())).stream()
            .map(InnerService::service)
            .distinct()
            .toList();
  }

  @Override
  public String undo(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    return context.blueRestorer().restore(run, progress);
  }
}
