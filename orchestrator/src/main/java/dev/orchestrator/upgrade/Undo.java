package dev.orchestrator.upgrade;

import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.settings.UpgradeSettings;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * What undoes each step. Undoing goes backwards over the steps that began, so a step may be undone
 * that did nothing yet, and may be undone again after a restart: each looks at what is there.
 */
final class Undo {
  private static final Duration GATE_SLACK = Duration.ofMinutes(5);

  /** The outer stop time-out: the services' own grace times are within it. */
  static final Duration STOP = Duration.ofMinutes(2);

  /** For a capsule that could not stop its services: then it is killed. */
  private static final Duration GRACE = Duration.ofSeconds(10);

  private final Parts parts;
  private final Names names;
  private final Revival revival;
  private final FailureLogs logs;
  private final UpgradeSettings limits;

  Undo(Parts parts, Names names, Keeper keeper) {
    this.parts = parts;
    this.names = names;
    this.revival = keeper.revival();
    this.logs = new FailureLogs(parts);
    this.limits = parts.settings().stack().upgrade();
  }

  /** Undoes a step; returns one line on what was done, empty for nothing. */
  String run(Step step, Run run, Consumer<String> progress) {
    return switch (step) {
      case PREFLIGHT -> shut(run);
      case PRE_SYNC, SYNC -> removeHelpers(run);
      case BUILD, VERIFY, BAKE, RETAIN -> "";
      case PREPARE -> removeGreen(run);
      case WAKE -> sleep(run);
      case HOLD -> release(run, progress);
      case QUIESCE -> startBlue(run, progress);
      case START -> stopGreen(run);
      case SWITCH -> switchBack(run);
    };
  }

  /** Without a blue nothing serves: the ports are given back. */
  private String shut(Run run) {
    if (run.holds()) {
      return "";
    }
    parts.traffic().shut();
    return "the routes are closed";
  }

  /** What copied may go on in its container, and would keep the volumes from being removed. */
  private String removeHelpers(Run run) {
    for (ContainerInfo helper : parts.engine().containers(names.ofRun(run.id()))) {
      if (!helper.labels().getOrDefault(Labels.ROLE, "").equals("capsule")) {
        parts.engine().removeContainer(helper.name());
      }
    }
    return "";
  }

  private String removeGreen(Run run) {
    Generation green = run.green;
    if (green == null) {
      return "";
    }
    String kept = logs.keep(run.id(), green);
    if (parts.journal().switched(run.id()).isPresent()) {
      parts.engine().stopContainer(green.container(), STOP);
      parts.journal().setState(green.number(), Generation.State.SET_ASIDE);
      return green.container()
          + " stopped; what was written after the switch is kept in volume "
          + green.dataVolume()
          + kept;
    }
    parts.engine().removeContainer(green.container());
    parts.engine().removeVolume(green.dataVolume());
    parts.engine().removeVolume(green.storeVolume());
    parts.journal().setState(green.number(), Generation.State.REMOVED);
    return green.container() + " and its volumes removed" + kept;
  }

  private String sleep(Run run) {
    parts.engine().stopContainer(run.green().container(), STOP);
    return run.green().container() + " stopped";
  }

  private String release(Run run, Consumer<String> progress) {
    Generation blue = run.blue();
    if (!revival.runs(blue)) {
      // It was cut off before blue was stopped, and blue did not outlive that: a reboot.
      startBlue(run, progress);
    }
    parts.traffic().open(GATE_SLACK);
    parts.traffic().lead(Sides.of(parts, blue));
    return "what waited was released to " + blue.version();
  }

  private String startBlue(Run run, Consumer<String> progress) {
    Generation blue = run.blue();
    String wrong = revival.revive(blue, run.id(), progress);
    if (wrong.isEmpty()) {
      return blue.version() + " is healthy again";
    }
    run.unwell = blue.version() + " serves again and is not healthy: " + wrong;
    return run.unwell;
  }

  private String stopGreen(Run run) {
    Generation green = run.green();
    Optional<ContainerInfo> container = parts.engine().container(green.container());
    if (container.isEmpty() || !container.get().running()) {
      return "";
    }
    try {
      parts.capsule(green).stop(STOP);
    } catch (CapsuleException e) {
      // Its inner engine may be gone or hang. What counts is that nothing of it runs when blue
      // does.
      parts.engine().stopContainer(green.container(), GRACE);
      return green.container() + " stopped, as it could not be told to stop its services";
    }
    return green.version() + "'s services stopped";
  }

  private String switchBack(Run run) {
    Generation blue = run.blue;
    if (blue == null || !run.holds()) {
      return "";
    }
    parts.traffic().hold(limits.hold().plus(GATE_SLACK));
    parts.traffic().drain(limits.drain());
    String stopped = stopGreen(run);
    boolean greenServes =
        parts.journal().serving().filter(now -> now.number() == run.green().number()).isPresent();
    if (greenServes) {
      parts.journal().switchTo(run.id(), blue.number());
    }
    return stopped.isEmpty() ? "new connections wait" : "new connections wait; " + stopped;
  }
}
