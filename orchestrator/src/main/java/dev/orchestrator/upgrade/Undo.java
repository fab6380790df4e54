package dev.orchestrator.upgrade;

import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.engine.VolumeInfo;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.settings.UpgradeSettings;
import dev.orchestrator.stack.ServingSupervisor;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * What undoes each step. Undoing goes backwards over the steps that began, so a step may be undone
 * that did nothing yet, and may be undone again after a restart: each looks at what is there.
 */
public final class Undo {
  private static final Duration GATE_SLACK = Duration.ofMinutes(5);

  /** The outer stop time-out: the services' own grace times are within it. */
  public static final Duration STOP = Duration.ofMinutes(2);

  /** For a capsule that could not stop its services: then it is killed. */
  private static final Duration GRACE = Duration.ofSeconds(10);

  private final UpgradeContext parts;
  private final ResourceNames names;
  private final CapsuleStarter revival;
  private final BlueRestorer back;
  private final DataChanges written;
  private final FailureLogs logs;
  private final UpgradeSettings limits;

  Undo(UpgradeContext parts, ResourceNames names, Notes notes, ServingSupervisor keeper) {
    this.parts = parts;
    this.names = names;
    this.revival = keeper.revival();
    this.written = new DataChanges(parts, names);
    this.back = new BlueRestorer(parts, names, notes, revival);
    this.logs = new FailureLogs(parts);
    this.limits = parts.settings().stack().upgrade();
  }

  /** Undoes a step; returns one line on what was done, empty for nothing. */
  String run(Step step, UpgradeRun run, Consumer<String> progress) {
    return switch (step) {
      case PREFLIGHT -> shut(run);
      case PRE_SYNC -> endCopies(run);
      case SYNC -> letGo(run);
      case BUILD, VERIFY, BAKE, RETAIN -> "";
      case PREPARE -> removeGreen(run);
      case WAKE -> sleep(run);
      case HOLD -> release(run, progress);
      case QUIESCE -> back.toBlue(run, progress);
      case START -> stopGreen(run);
      case SWITCH -> switchBack(run);
    };
  }

  /** Without a blue nothing serves: the ports are given back. */
  private String shut(UpgradeRun run) {
    if (run.holds()) {
      return "";
    }
    parts.traffic().shut();
    return "the routes are closed";
  }

  /** What copied may go on in its container, and would keep the volumes from being removed. */
  private String endCopies(UpgradeRun run) {
    run.endCopies();
    for (ContainerInfo helper : parts.engine().containers(names.ofRun(run.id()))) {
      if (!helper.labels().getOrDefault(Labels.ROLE, "").equals("capsule")) {
        parts.engine().removeContainer(helper.name());
      }
    }
    for (VolumeInfo view : parts.engine().volumes(names.helper(run.id(), ResourceNames.COPY))) {
      parts.engine().removeVolume(view.name());
    }
    return "";
  }

  /** Blue is not to be started while its data is a layer below green's, nor one below green's. */
  private String letGo(UpgradeRun run) {
    endCopies(run);
    Generation green = run.green;
    if (green == null || parts.engine().container(green.container()).isEmpty()) {
      return "";
    }
    if (BlueRestorer.served(parts, run)) {
      parts.engine().stopContainer(green.container(), STOP);
      return green.container() + " stopped";
    }
    if (!DataSteps.cloned(green)) {
      return "";
    }
    logs.keep(run.id(), green);
    parts.engine().killContainer(green.container());
    return "the clone is let go";
  }

  private String removeGreen(UpgradeRun run) {
    Generation green = run.green;
    if (green == null) {
      return "";
    }
    String kept = logs.keep(run.id(), green);
    if (BlueRestorer.served(parts, run)) {
      parts.engine().stopContainer(green.container(), STOP);
      parts.journal().setState(green.number(), Generation.State.SET_ASIDE);
      return green.container()
          + " stopped; what was written to it since the switch is kept: "
          + whatWasWritten(run, green)
          + kept;
    }
    new Retention(parts, names).remove(green);
    return green.container() + " and its volumes removed" + kept;
  }

  /** The first version of a stack has nothing before it to be compared with. */
  private String whatWasWritten(UpgradeRun run, Generation green) {
    return run.blue == null
        ? "volume " + Retention.volumes(green)
        : DataChanges.line(written.volumes(green, run.blue, run.id()));
  }

  private String sleep(UpgradeRun run) {
    Generation green = run.green();
    if (parts.engine().container(green.container()).isPresent()) {
      parts.engine().stopContainer(green.container(), STOP);
    }
    if (BlueRestorer.served(parts, run)) {
      return green.container()
          + " stopped; what was written to it is in volume "
          + Retention.volumes(green);
    }
    new VolumeRebaser(parts, names).back(run.id(), green);
    new Retention(parts, names).sweep();
    return green.container() + " stopped";
  }

  private String release(UpgradeRun run, Consumer<String> progress) {
    Generation blue = run.blue();
    if (!revival.runs(blue)) {
      // It was cut off before blue was stopped, and blue did not outlive that: a reboot.
      String _ = back.toBlue(run, progress);
    }
    parts.traffic().open(GATE_SLACK);
    parts.traffic().lead(Sides.of(parts, blue));
    return "what waited was released to " + blue.version();
  }

  private String stopGreen(UpgradeRun run) {
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

  private String switchBack(UpgradeRun run) {
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
