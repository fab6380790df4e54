package dev.orchestrator.upgrade;

import dev.orchestrator.capsule.Capsule;
import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.capsule.InnerService;
import dev.orchestrator.common.Deadline;
import dev.orchestrator.data.DataException;
import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.engine.ExecResult;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.settings.DataSettings;
import dev.orchestrator.settings.DataSettings.Quiesce;
import dev.orchestrator.settings.Hook;
import dev.orchestrator.settings.UpgradeSettings;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/** How the writers of what serves come to rest, and how they go on again. */
final class Quiescer {
  private static final Duration AGAIN = Duration.ofMillis(250);

  private final UpgradeContext parts;
  private final Notes notes;
  private final DataSettings data;
  private final UpgradeSettings limits;

  Quiescer(UpgradeContext parts, Notes notes) {
    this.parts = parts;
    this.notes = notes;
    this.data = parts.settings().stack().data();
    this.limits = parts.settings().stack().upgrade();
  }

  /**
   * Whether connections stay open meanwhile, to be served on should the upgrade fail: the whole
   * capsule is frozen.
   */
  boolean keepsConnections() {
    return data.quiesce() == Quiesce.FREEZE;
  }

  String quiesce(UpgradeRun run) {
    Generation blue = run.blue();
    Capsule capsule = parts.capsule(blue);
    before(run, capsule);
    // From here on it does not start its services again, by hand or after a reboot, unless told to.
    capsule.lease(Math.max(blue.number(), run.green().number()) + 1, run.budget(limits.hold()));
    List<String> all = services(run, capsule);
    List<String> differently =
        all.stream()
            .filter(name -> data.services().getOrDefault(name, data.quiesce()) != data.quiesce())
            .toList();
    return data.quiesce() == Quiesce.STOP
        ? stop(run, capsule, all, differently)
        : freeze(run, capsule, differently);
  }

  private String stop(UpgradeRun run, Capsule capsule, List<String> all, List<String> frozen) {
    if (frozen.isEmpty()) {
      capsule.stop(run.budget(limits.hold()));
      return run.blue().version() + "'s services stopped, data flushed";
    }
    List<String> rest = all.stream().filter(name -> !frozen.contains(name)).toList();
    if (!rest.isEmpty()) {
      capsule.stop(rest, run.budget(limits.hold()));
    }
    capsule.freeze(frozen, run.budget(limits.hold()));
    return "%s's services stopped, data flushed; frozen: %s"
        .formatted(run.blue().version(), String.join(", ", frozen));
  }

  private String freeze(UpgradeRun run, Capsule capsule, List<String> stopped) {
    if (!stopped.isEmpty()) {
      capsule.stop(stopped, run.budget(limits.hold()));
    }
    run.budget(limits.hold());
    parts.engine().pauseContainer(run.blue().container());
    return run.blue().version()
        + " frozen"
        + (stopped.isEmpty() ? "" : "; stopped before: " + String.join(", ", stopped));
  }

  /** Asked for only where some are set to another way than the rest. */
  private List<String> services(UpgradeRun run, Capsule capsule) {
    return data.services().isEmpty()
        ? List.of()
        : capsule.services(run.budget(limits.hold())).stream()
            .map(InnerService::service)
            .distinct()
            .toList();
  }

  private void before(UpgradeRun run, Capsule capsule) {
    for (Hook hook : hooks(Hook.When.BEFORE)) {
      ExecResult result = capsule.exec(hook.service(), hook.command(), run.budget(hook.limit()));
      if (!result.ok()) {
        throw new DataException(words(hook) + ": " + result.lastWords());
      }
    }
  }

  /** Whichever version goes on: services may still be starting, so that each is tried again. */
  void after(String run, Capsule capsule) {
    for (Hook hook : hooks(Hook.When.AFTER)) {
      Optional<String> wrong = Optional.empty();
      Deadline deadline = Deadline.in(hook.limit());
      do {
        wrong = tried(capsule, hook, deadline);
        if (wrong.isPresent()) {
          LockSupport.parkNanos(deadline.atMost(AGAIN).toNanos());
        }
      } while (wrong.isPresent() && !deadline.passed());
      wrong.ifPresent(why -> notes.note(run, words(hook) + ": " + why));
    }
  }

  private static Optional<String> tried(Capsule capsule, Hook hook, Deadline deadline) {
    try {
      ExecResult result = capsule.exec(hook.service(), hook.command(), deadline.remaining());
      return result.ok() ? Optional.empty() : Optional.of(result.lastWords());
    } catch (CapsuleException | EngineException e) {
      return Optional.of(e.getMessage() + "");
    }
  }

  private List<Hook> hooks(Hook.When when) {
    return data.hooks().stream().filter(hook -> hook.when() == when).toList();
  }

  private static String words(Hook hook) {
    return "hook %s in service %s (%s)"
        .formatted(
            hook.when() == Hook.When.BEFORE ? "before" : "after",
            hook.service(),
            String.join(" ", hook.command()));
  }

  /**
   * Ends the container of a version that was left. What is frozen gets no chance to write any more:
   * nobody would see it.
   */
  void end(Generation left) {
    Optional<ContainerInfo> container = parts.engine().container(left.container());
    if (container.isEmpty()) {
      return;
    }
    if (container.get().paused() || (container.get().running() && data.freezes())) {
      parts.engine().killContainer(left.container());
    } else {
      parts.engine().stopContainer(left.container(), Undo.STOP);
    }
  }
}
