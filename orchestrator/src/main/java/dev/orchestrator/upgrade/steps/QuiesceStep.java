package dev.orchestrator.upgrade.steps;

import dev.orchestrator.capsule.Capsule;
import dev.orchestrator.capsule.InnerService;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.settings.DataSettings;
import dev.orchestrator.settings.DataSettings.Quiesce;
import dev.orchestrator.upgrade.FreezeGuard;
import dev.orchestrator.upgrade.HoldBudgetExceededException;
import dev.orchestrator.upgrade.ServiceNames;
import dev.orchestrator.upgrade.Step;
import dev.orchestrator.upgrade.UpgradeContext;
import dev.orchestrator.upgrade.UpgradeRun;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;

/** Stops or freezes blue's writers, so that blue's data on disk is complete and constant. */
final class QuiesceStep extends Step {
  /** Exit code of a process that SIGKILL has ended. */
  private static final int KILLED = 137;

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
   * Checks the services that settings name, in an upgrade; a rollback must not fail of a name. In a
   * rollback checks freezing, which an upgrade checks in the build, as that knows the databases.
   */
  @Override
  public String check(UpgradeRun run, UpgradeContext context) {
    if (run.previous == null && run.check != null) {
      ServiceNames.require(context, run.blue(), run.check, run.record.toVersion());
    }
    if (run.previous != null && !run.restoresSnapshot()) {
      FreezeGuard.check(
          context.dataSettings(),
          context.builder().databases(run.blue().image()),
          context.builder().databases(run.previous.image()));
    }
    return "";
  }

  @Override
  public String run(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    DataSettings data = context.dataSettings(run);
    Duration limit = context.limits().hold();
    Generation blue = run.blue();
    Capsule capsule = context.capsule(blue);
    context.hooks().runBefore(run, capsule);
    context.invariants().askInHold(run);
    // The next epoch's lease keeps blue from starting its services by hand or after a reboot.
    int candidate = run.green == null ? 0 : run.green.number();
    int epoch = Math.max(blue.number(), candidate) + 1;
    if (data.quiesce() == Quiesce.STOP && data.services().isEmpty()) {
      List<InnerService> stopped = capsule.stop(epoch, run.budget(limit));
      return blue.version() + "'s services stopped, data flushed" + killed(run, context, stopped);
    }
    capsule.lease(epoch, run.budget(limit));
    List<String> names = services(run, context, capsule);
    List<String> exceptions =
        names.stream()
            .filter(name -> data.services().getOrDefault(name, data.quiesce()) != data.quiesce())
            .toList();
    return data.quiesce() == Quiesce.STOP
        ? stop(run, context, capsule, names, exceptions)
        : freeze(run, context, capsule, exceptions);
  }

  private static String stop(
      UpgradeRun run,
      UpgradeContext context,
      Capsule capsule,
      List<String> services,
      List<String> frozen) {
    Duration limit = context.limits().hold();
    String version = run.blue().version();
    if (frozen.isEmpty()) {
      capsule.stop(run.budget(limit));
      return version
          + "'s services stopped, data flushed"
          + killed(run, context, capsule.services(run.budget(limit)));
    }
    List<String> others = services.stream().filter(name -> !frozen.contains(name)).toList();
    String killed = "";
    if (!others.isEmpty()) {
      capsule.stop(others, run.budget(limit));
      killed = killed(run, context, capsule.services(run.budget(limit)));
    }
    capsule.freeze(frozen, run.budget(limit));
    return "%s's services stopped, data flushed; frozen: %s"
            .formatted(version, String.join(", ", frozen))
        + killed;
  }

  private static String freeze(
      UpgradeRun run, UpgradeContext context, Capsule capsule, List<String> stopped) {
    Duration limit = context.limits().hold();
    String killed = "";
    if (!stopped.isEmpty()) {
      capsule.stop(stopped, run.budget(limit));
      killed = killed(run, context, capsule.services(run.budget(limit)));
    }
    Duration _ = run.budget(limit);
    context.engine().pauseContainer(run.blue().container());
    return run.blue().version()
        + " frozen"
        + (stopped.isEmpty() ? "" : "; stopped before: " + String.join(", ", stopped))
        + killed;
  }

  /**
   * Names the services that did not stop within their grace time and were killed, in the receipt
   * too: what they had in memory is not on disk.
   */
  private static String killed(
      UpgradeRun run, UpgradeContext context, List<InnerService> services) {
    List<String> killed =
        services.stream()
            .filter(service -> service.exitCode() == KILLED && !service.state().equals("running"))
            .map(InnerService::service)
            .distinct()
            .sorted()
            .toList();
    if (killed.isEmpty()) {
      return "";
    }
    String line =
        "killed, as %s did not stop within the grace time (stop_grace_period): %s"
            .formatted(killed.size() == 1 ? "it" : "they", String.join(", ", killed));
    context.log().receipt(run.id()).note(run.blue().version() + ": " + line);
    if (run.green != null) {
      FreezeGuard.checkKilled(
          killed,
          context.builder().databases(run.blue().image()),
          context.builder().databases(run.green().image()));
    }
    return "; " + line;
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
    return run.released ? "" : context.blueRestorer().restore(run, progress);
  }
}
