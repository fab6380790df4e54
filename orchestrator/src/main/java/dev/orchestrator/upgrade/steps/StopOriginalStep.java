package dev.orchestrator.upgrade.steps;

import dev.orchestrator.adopt.Original;
import dev.orchestrator.common.Deadline;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.upgrade.HoldBudgetExceededException;
import dev.orchestrator.upgrade.ServiceNames;
import dev.orchestrator.upgrade.Step;
import dev.orchestrator.upgrade.UpgradeContext;
import dev.orchestrator.upgrade.UpgradeRun;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;

/**
 * Stops the containers of the project that is adopted, so that its data on disk is complete and
 * constant, and opens the routes on the ports that it has freed. Its restart policies stay until
 * the switch: after a reboot of the host in between, the engine starts it again.
 */
final class StopOriginalStep extends Step {
  /** The engine frees a port some moments after it has told of the container's end. */
  private static final Duration PORTS_FREE = Duration.ofSeconds(10);

  private static final Duration PAUSE = Duration.ofMillis(20);

  StopOriginalStep() {
    super(
        "stop-original",
        "stops the project's containers in order, and listens on its ports",
        "they are started again");
  }

  @Override
  public AfterRestart afterRestart() {
    return AfterRestart.UNDO;
  }

  @Override
  public OnFailure onFailure() {
    return OnFailure.ROLL_BACK;
  }

  /** Touches the project only. */
  @Override
  public boolean isFaultOfCandidate(Throwable failure) {
    return failure instanceof HoldBudgetExceededException;
  }

  /** Checks the services that settings name: a mistyped name is found before clients wait. */
  @Override
  public String check(UpgradeRun run, UpgradeContext context) {
    if (run.check != null) {
      ServiceNames.require(context, run.original(), run.check, run.record.toVersion());
    }
    return "";
  }

  @Override
  public String run(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    Duration limit = context.limits().hold();
    Original original = run.original();
    context.hooks().runBefore(run, original);
    long begun = System.nanoTime();
    List<String> killed =
        context
            .originals()
            .stop(
                original,
                () -> {
                  Duration _ = run.budget(limit);
                });
    openRoutes(run, context, limit);
    String result = "project " + original.project() + " stopped, listening on its ports";
    if (!context.ports().isPossible(run)) {
      String gap =
          String.format(
              Locale.ROOT,
              "connections to the project's ports were refused for up to %.1f s, as they could not"
                  + " be redirected",
              (System.nanoTime() - begun) / 1e9);
      context.log().receipt(run.id()).note(gap);
      result += "; " + gap;
    }
    if (!killed.isEmpty()) {
      String line =
          "killed, as %s did not stop within the grace time (stop_grace_period): %s"
              .formatted(killed.size() == 1 ? "it" : "they", String.join(", ", killed));
      context.log().receipt(run.id()).note("project " + original.project() + ": " + line);
      result += "; " + line;
    }
    return result;
  }

  private static void openRoutes(UpgradeRun run, UpgradeContext context, Duration limit) {
    Deadline free = Deadline.in(PORTS_FREE);
    while (true) {
      try {
        context.traffic().open(limit.plus(UpgradeContext.GATE_SLACK));
        return;
      } catch (RefusedException e) {
        Duration _ = run.budget(limit);
        if (free.passed()) {
          throw e;
        }
        pause();
      }
    }
  }

  private static void pause() {
    try {
      Thread.sleep(PAUSE);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new EngineException(
          EngineException.Kind.INTERRUPTED, "waiting for the project's ports: interrupted", e);
    }
  }

  @Override
  public String undo(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    Original original = run.original();
    context.traffic().leavePorts();
    String problem =
        context.originals().start(original, context.limits().verify().deadline(), progress);
    context.hooks().runAfter(run, original);
    if (problem.isEmpty()) {
      return "project " + original.project() + " runs again";
    }
    run.leaveProblem("project %s runs again: %s".formatted(original.project(), problem));
    return "project %s runs again: %s".formatted(original.project(), problem);
  }
}
