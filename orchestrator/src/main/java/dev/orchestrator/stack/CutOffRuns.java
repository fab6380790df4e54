package dev.orchestrator.stack;

import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.engine.VolumeInfo;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.Generation.State;
import dev.orchestrator.journal.GenerationRecord;
import dev.orchestrator.journal.StepRecord;
import dev.orchestrator.journal.StepRecord.Phase;
import dev.orchestrator.journal.UpgradeRecord;
import dev.orchestrator.upgrade.DataOptions;
import dev.orchestrator.upgrade.Planner;
import dev.orchestrator.upgrade.ResourceNames;
import dev.orchestrator.upgrade.Retention;
import dev.orchestrator.upgrade.Saga;
import dev.orchestrator.upgrade.Sides;
import dev.orchestrator.upgrade.Step;
import dev.orchestrator.upgrade.UpgradeContext;
import dev.orchestrator.upgrade.UpgradeRun;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The start of the service: boot = replay. Routes first, on the target that the journal names; then
 * a run that was cut off is ended as {@link Step#afterRestart} says.
 */
final class CutOffRuns {
  private static final Logger log = LoggerFactory.getLogger(CutOffRuns.class);
  private static final Duration GATE = Duration.ofMinutes(10);

  /** Roles of volumes that only a helper uses. */
  private static final Set<String> HELPERS = Set.of(ResourceNames.COPY, ResourceNames.LOOK);

  private final UpgradeContext parts;
  private final ResourceNames names;
  private final Saga saga;

  /** What an earlier process has left; what begins later is somebody else's. */
  private final Optional<String> left;

  CutOffRuns(UpgradeContext parts, ResourceNames names, Saga saga) {
    this.parts = parts;
    this.names = names;
    this.saga = saga;
    this.left = parts.journal().running().map(UpgradeRecord::id);
  }

  /** Opens the routes; connections wait where what serves doesn't run. */
  void openRoutes() {
    Optional<Generation> serving = parts.journal().serving();
    if (serving.isEmpty() || parts.journal().down()) {
      return;
    }
    parts.traffic().open(GATE);
    try {
      boolean runs =
          parts
              .engine()
              .container(serving.get().container())
              .filter(ContainerInfo::running)
              .isPresent();
      if (runs && !quiesced()) {
        parts.traffic().lead(Sides.of(parts, serving.get()));
      }
    } catch (EngineException e) {
      log.warn("connections wait: {}", e.getMessage());
    }
  }

  /**
   * Whether a run was cut off while what serves had stopped services, or in its undo: that leaves
   * what serves, and what clients would write to it might be left with it.
   */
  private boolean quiesced() {
    return parts
        .journal()
        .running()
        .map(run -> undoing(run) || (begun(run.id(), Step.HOLD) && !switched(run)))
        .orElse(false);
  }

  /** A run that was cut off, with the steps that it still has; empty when it is to be undone. */
  record CutOff(UpgradeRun run, List<Step> rest) {}

  Optional<CutOff> cutOff() {
    return parts
        .journal()
        .running()
        .filter(run -> left.filter(run.id()::equals).isPresent())
        .map(this::cutOff);
  }

  private CutOff cutOff(UpgradeRecord record) {
    List<Step> steps = steps(record);
    Generation blue = steps.contains(Step.HOLD) ? generation(record.from()) : null;
    UpgradeRun run = new UpgradeRun(record, steps, blue, generation(record.to()));
    run.switched = switched(record);
    if (steps.equals(Planner.CARRY)) {
      run.old = parts.journal().previous().orElse(null);
    }
    return new CutOff(run, rest(run));
  }

  /** Ends it. */
  void end(CutOff cut) {
    if (cut.rest().isEmpty()) {
      log.info("{} was cut off: undoing", cut.run().id());
      saga.undoCutOff(cut.run(), "cut off by a restart of the service");
    } else {
      log.info("{} was cut off: going on with {}", cut.run().id(), cut.rest().getFirst().id());
      saga.execute(cut.run(), cut.rest());
    }
  }

  private List<Step> rest(UpgradeRun run) {
    if (undoing(run.record)) {
      return List.of();
    }
    List<StepRecord> lines = parts.journal().steps(run.id());
    if (!run.holds()) {
      // Nobody serves beside it: what was done is found, and the routes open on the way.
      return run.steps;
    }
    if (run.switched) {
      int next = run.steps.indexOf(Step.SWITCH) + 1;
      return run.steps.subList(next, run.steps.size());
    }
    boolean goesOn =
        lines.stream()
            .map(line -> Step.of(line.step()).afterRestart())
            .allMatch(Step.AfterRestart.GO_ON::equals);
    return goesOn ? run.steps : List.of();
  }

  private boolean switched(UpgradeRecord record) {
    Integer to = record.to();
    return to != null
        && begun(record.id(), Step.SWITCH)
        && parts.journal().serving().filter(now -> now.number() == to).isPresent();
  }

  private boolean undoing(UpgradeRecord record) {
    return parts.journal().steps(record.id()).stream().anyMatch(line -> line.phase() == Phase.UNDO);
  }

  private boolean begun(String run, Step step) {
    return parts.journal().steps(run).stream()
        .anyMatch(line -> line.phase() == Phase.INTENT && line.step().equals(step.id()));
  }

  /** The steps of a run as its kind has them. */
  private List<Step> steps(UpgradeRecord record) {
    return switch (record.kind()) {
      case UPGRADE -> Planner.UPGRADE;
      case ROLLBACK ->
          DataOptions.of(parts, record.id()).carries() ? Planner.CARRY : Planner.RESTORE;
      case UP -> record.from() == null ? Planner.FIRST_UP : Planner.UP_AGAIN;
    };
  }

  private @Nullable Generation generation(@Nullable Integer number) {
    if (number == null) {
      return null;
    }
    return parts.journal().generations().stream()
        .map(GenerationRecord::generation)
        .filter(generation -> generation.number() == number)
        .findFirst()
        .orElse(null);
  }

  /**
   * Removes helper containers of an earlier process, which may still write to a volume. A capsule
   * that the journal doesn't know is left alone: it may hold somebody's data.
   */
  void removeHelpers() {
    for (ContainerInfo container : parts.engine().containers(names.ours())) {
      if (!container.labels().getOrDefault(Labels.ROLE, "").equals("capsule")) {
        log.info("removing {}, left by an earlier process", container.name());
        parts.engine().removeContainer(container.name());
      }
    }
    for (VolumeInfo volume : parts.engine().volumes(names.ours())) {
      if (HELPERS.contains(volume.labels().getOrDefault(Labels.ROLE, ""))) {
        parts.engine().removeVolume(volume.name());
      }
    }
  }

  /** Removes candidates of no run: all but that of the one that was cut off. */
  void removeCandidates(@Nullable Generation ofCutOff) {
    for (GenerationRecord row : parts.journal().generations()) {
      if (row.state() == State.CANDIDATE && !row.generation().equals(ofCutOff)) {
        new Retention(parts, names).remove(row.generation());
      }
    }
  }
}
