package dev.orchestrator.upgrade;

import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.capsule.InnerService;
import dev.orchestrator.common.Deadline;
import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.health.HealthException;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.traffic.Traffic;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Watches green after the switch: unhealthy three rounds in a row, clients that fare badly, a
 * restart of a service, or its end roll back. An engine that goes away is not green's fault: green
 * is started again with it, as going back would set aside what was written since the switch.
 */
final class Bake {
  /** One bad answer under load is no reason to go back; three in a row are. */
  private static final int TOLERATED = 3;

  /**
   * What a capsule's end looks like when it was stopped in order: by the engine's own stop, say.
   */
  private static final int STOPPED_IN_ORDER = 0;

  private final UpgradeContext parts;
  private final CapsuleStarter revival;

  Bake(UpgradeContext parts, CapsuleStarter revival) {
    this.parts = parts;
    this.revival = revival;
  }

  String watch(UpgradeRun run, Consumer<String> progress) {
    Duration window = parts.settings().stack().upgrade().bake();
    Duration interval = parts.settings().stack().upgrade().verify().interval();
    Deadline end = Deadline.in(window);
    Map<String, Integer> restarts = new HashMap<>(run.restarts);
    int rounds = 0;
    int bad = 0;
    String said = "";
    boolean away = false;
    ClientWatch clients = clients(run);
    // One that is bad at the end of the window is looked at until it is one or the other.
    while (away || bad > 0 || !end.passed()) {
      String now;
      try {
        if (revived(run, away, progress)) {
          restarts.clear();
        }
        away = false;
        List<String> wrong = round(run.green(), restarts);
        rounds++;
        bad = wrong.isEmpty() ? 0 : bad + 1;
        now = wrong.isEmpty() ? "healthy" : String.join("; ", wrong);
        if (bad >= TOLERATED) {
          throw new HealthException(
              "unhealthy in the bake window, " + bad + " times in a row: " + now);
        }
        clients.look();
      } catch (EngineException e) {
        if (e.kind() != EngineException.Kind.UNREACHABLE) {
          throw e;
        }
        away = true;
        now = FailureText.of(e);
      }
      if (!now.equals(said)) {
        progress.accept(now);
        said = now;
      }
      rest(interval);
    }
    return "healthy for %d s, %d rounds; clients: %s"
        .formatted(window.toSeconds(), rounds, clients.told());
  }

  private ClientWatch clients(UpgradeRun run) {
    Traffic traffic = parts.traffic();
    return new ClientWatch(
        run.blue == null ? Traffic.Clients.NONE : traffic.clients(run.blue.container()),
        () -> traffic.clients(run.green().container()));
  }

  /** What is wrong now. A state that isn't told in time is one bad answer, as any other. */
  private List<String> round(Generation green, Map<String, Integer> restarts) {
    List<String> wrong =
        parts
            .health()
            .check(parts.capsule(green), parts.settings().stack().probes(), green.ports());
    try {
      restarted(restarts, green);
    } catch (CapsuleException e) {
      return wrong.isEmpty() ? List.of(FailureText.of(e)) : wrong;
    }
    return wrong;
  }

  /** Starts green again where it ended with the engine. */
  private boolean revived(UpgradeRun run, boolean wasAway, Consumer<String> progress) {
    Generation green = run.green();
    Optional<ContainerInfo> container = parts.engine().container(green.container());
    if (container.filter(ContainerInfo::running).isPresent()) {
      return false;
    }
    boolean inOrder = container.filter(ended -> ended.exitCode() == STOPPED_IN_ORDER).isPresent();
    if (!wasAway && !inOrder) {
      throw new HealthException(
          "its capsule ended in the bake window"
              + container
                  .map(ended -> ", exit code " + ended.exitCode())
                  .orElse(": it was removed"));
    }
    progress.accept(green.version() + " ended with the engine: starting it again");
    parts.traffic().hold(parts.settings().stack().upgrade().ready().multipliedBy(5));
    String wrong = revival.revive(green, run.id(), progress);
    if (!wrong.isEmpty()) {
      throw new HealthException("after a restart of the engine: " + wrong);
    }
    parts.traffic().lead(Sides.of(parts, green));
    return true;
  }

  private void restarted(Map<String, Integer> before, Generation green) {
    for (InnerService service : parts.capsule(green).services(CapsuleStarter.ask(parts))) {
      Integer known = before.put(service.service(), service.restarts());
      if (known != null && service.restarts() > known) {
        throw new HealthException(
            "service " + service.service() + " was restarted in the bake window");
      }
    }
  }

  private static void rest(Duration interval) {
    try {
      Thread.sleep(interval);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new HealthException("interrupted in the bake window");
    }
  }
}
