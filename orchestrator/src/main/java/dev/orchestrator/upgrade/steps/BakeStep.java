package dev.orchestrator.upgrade.steps;

import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.capsule.InnerService;
import dev.orchestrator.common.Deadline;
import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.health.HealthException;
import dev.orchestrator.health.HealthGate;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.traffic.Traffic;
import dev.orchestrator.upgrade.FailureText;
import dev.orchestrator.upgrade.InvariantChecks;
import dev.orchestrator.upgrade.Step;
import dev.orchestrator.upgrade.UpgradeContext;
import dev.orchestrator.upgrade.UpgradeRun;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Watches green after the switch. Three unhealthy rounds in a row, many failures of clients, a
 * restart of a service, or the end of the capsule roll back. An engine that stops is not green's
 * fault: green is started again with the engine, because a rollback would set aside the data
 * written since the switch.
 */
final class BakeStep extends Step {
  /** A single bad answer may come from load; this many unhealthy rounds in a row roll back. */
  private static final int MAX_BAD_ROUNDS = 3;

  /** Exit code of a capsule that was stopped in order, such as by a stop of the engine. */
  private static final int STOPPED_IN_ORDER = 0;

  BakeStep() {
    super("bake", "watches green", "rolls back");
  }

  @Override
  public AfterRestart afterRestart() {
    return AfterRestart.GO_ON;
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
    context.changes().recordTables(run);
    Duration window = context.limits().bake();
    // Nobody waits for these rounds, and what counts as unhealthy must last for some seconds.
    Duration interval = context.limits().verify().interval().multipliedBy(3);
    Deadline end = Deadline.in(window);
    Map<String, Integer> restarts = new HashMap<>(run.restartsAtVerify);
    HealthGate.Watch health = context.watchHealth(run.green());
    InvariantChecks.Watch figures = context.invariants().watch(run);
    ClientWatch clients = watchClients(run, context.traffic());
    int rounds = 0;
    int badInARow = 0;
    String reported = "";
    boolean engineAway = false;
    // A version that is unhealthy when the window ends is checked on until it recovers or fails.
    while (engineAway || badInARow > 0 || !end.passed()) {
      String observed;
      try {
        if (restartIfEnded(run, context, engineAway, progress)) {
          restarts.clear();
          health = context.watchHealth(run.green());
        }
        engineAway = false;
        List<String> problems =
            Stream.concat(
                    findProblems(health, run.green(), context, restarts).stream(),
                    figures.look().stream())
                .toList();
        rounds++;
        badInARow = problems.isEmpty() ? 0 : badInARow + 1;
        observed = problems.isEmpty() ? "healthy" : String.join("; ", problems);
        if (badInARow >= MAX_BAD_ROUNDS) {
          throw new HealthException(
              "unhealthy in the bake window, " + badInARow + " times in a row: " + observed);
        }
        clients.check();
      } catch (EngineException e) {
        if (e.kind() != EngineException.Kind.UNREACHABLE) {
          throw e;
        }
        engineAway = true;
        observed = FailureText.of(e);
      }
      if (!observed.equals(reported)) {
        progress.accept(observed);
        reported = observed;
      }
      pause(interval);
    }
    return "healthy for %d s, %d rounds; clients: %s"
        .formatted(window.toSeconds(), rounds, clients.summary());
  }

  private static ClientWatch watchClients(UpgradeRun run, Traffic traffic) {
    return new ClientWatch(
        run.blue == null ? Map.of() : traffic.clients(run.blue.container()),
        () -> traffic.clients(run.green().container()));
  }

  /** Problems of green now. A state query that times out counts as one bad answer. */
  private static List<String> findProblems(
      HealthGate.Watch health,
      Generation green,
      UpgradeContext context,
      Map<String, Integer> restarts) {
    List<String> problems = health.look();
    try {
      requireNoRestart(restarts, green, context);
    } catch (CapsuleException e) {
      return problems.isEmpty() ? List.of(FailureText.of(e)) : problems;
    }
    return problems;
  }

  /** Starts green again if it has ended with the engine; true when it was started. */
  private static boolean restartIfEnded(
      UpgradeRun run, UpgradeContext context, boolean engineWasAway, Consumer<String> progress) {
    Generation green = run.green();
    Optional<ContainerInfo> container = context.engine().container(green.container());
    if (container.filter(ContainerInfo::running).isPresent()) {
      return false;
    }
    boolean stoppedInOrder =
        container.filter(ended -> ended.exitCode() == STOPPED_IN_ORDER).isPresent();
    if (!engineWasAway && !stoppedInOrder) {
      throw new HealthException(
          "its capsule ended in the bake window"
              + container
                  .map(ended -> ", exit code " + ended.exitCode())
                  .orElse(": it was removed"));
    }
    progress.accept(green.version() + " ended with the engine: starting it again");
    context.traffic().hold(context.limits().ready().multipliedBy(5));
    String problem = context.starter().bringUp(green, run.id(), progress);
    if (!problem.isEmpty()) {
      throw new HealthException("after a restart of the engine: " + problem);
    }
    context.traffic().switchTo(context.backend(green));
    return true;
  }

  private static void requireNoRestart(
      Map<String, Integer> knownRestarts, Generation green, UpgradeContext context) {
    Map<String, Integer> restarts = new HashMap<>();
    for (InnerService service : context.capsule(green).services(context.briefTimeout())) {
      restarts.merge(service.service(), service.restarts(), Integer::sum);
    }
    restarts.forEach((service, now) -> {
      Integer known = knownRestarts.put(service, now);
      if (known != null && now > known) {
        throw new HealthException("service " + service + " was restarted in the bake window");
      }
    });
  }

  private static void pause(Duration interval) {
    try {
      Thread.sleep(interval);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new HealthException("interrupted in the bake window");
    }
  }

  /** Undoes nothing: the undo of the switch leads clients back. */
  @Override
  public String undo(UpgradeRun run, UpgradeContext context, Consumer<String> progress) {
    return "";
  }
}
