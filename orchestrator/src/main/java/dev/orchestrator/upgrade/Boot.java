package dev.orchestrator.upgrade;

import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.journal.Generation.State;
import dev.orchestrator.journal.GenerationRow;
import dev.orchestrator.journal.StepRecord;
import dev.orchestrator.journal.StepRecord.Phase;
import dev.orchestrator.journal.UpgradeRecord;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The start of the service: boot = replay. Routes first, on the target that the journal names; then
 * a run that was cut off is ended. Before the switch it is undone, after it it goes on.
 */
final class Boot {
  private static final Logger log = LoggerFactory.getLogger(Boot.class);
  private static final Duration GATE = Duration.ofMinutes(10);

  private final Parts parts;
  private final Names names;
  private final Saga saga;
  private final Keeper keeper;

  Boot(Parts parts, Names names, Saga saga, Keeper keeper) {
    this.parts = parts;
    this.names = names;
    this.saga = saga;
    this.keeper = keeper;
  }

  /** Opens the routes; connections wait where what serves doesn't run. */
  void openRoutes() {
    Optional<Generation> serving = parts.journal().serving();
    if (serving.isEmpty() || parts.journal().down()) {
      return;
    }
    parts.traffic().open(GATE);
    boolean runs =
        parts
            .engine()
            .container(serving.get().container())
            .filter(ContainerInfo::running)
            .isPresent();
    if (runs && !quiesced()) {
      parts.traffic().lead(Sides.of(parts, serving.get()));
    }
  }

  /** Whether a run was cut off while what serves had stopped services. */
  private boolean quiesced() {
    return parts
        .journal()
        .running()
        .map(run -> begun(run.id(), Step.HOLD) && !switched(run))
        .orElse(false);
  }

  /** Ends a run that was cut off, starts what should serve, removes what belongs to nobody. */
  void replay() {
    Optional<UpgradeRecord> cutOff = parts.journal().running();
    if (cutOff.isPresent()) {
      replay(cutOff.get());
    } else {
      keeper.look();
    }
    sweep();
  }

  private void replay(UpgradeRecord record) {
    List<Step> steps = steps(record);
    Generation blue = steps.contains(Step.HOLD) ? generation(record.from()) : null;
    Run run = new Run(record, steps, blue, generation(record.to()));
    boolean undoing =
        parts.journal().steps(record.id()).stream().anyMatch(line -> line.phase() == Phase.UNDO);
    if (switched(record) && !undoing) {
      log.info("{} was cut off after its switch: going on", record.id());
      keeper.look();
      saga.execute(run, run.steps.subList(run.steps.indexOf(Step.SWITCH) + 1, run.steps.size()));
    } else {
      log.info("{} was cut off before its switch: undoing", record.id());
      saga.undoCutOff(run, "cut off by a restart of the service");
    }
  }

  private boolean switched(UpgradeRecord record) {
    Integer to = record.to();
    return to != null
        && begun(record.id(), Step.SWITCH)
        && parts.journal().serving().filter(now -> now.number() == to).isPresent();
  }

  private boolean begun(String run, Step step) {
    return parts.journal().steps(run).stream()
        .anyMatch(line -> line.phase() == Phase.INTENT && line.step().equals(step.id()));
  }

  /** The steps of a run as its kind has them. */
  private List<Step> steps(UpgradeRecord record) {
    return switch (record.kind()) {
      case UPGRADE -> Planner.UPGRADE;
      case ROLLBACK -> Planner.ROLLBACK;
      case UP -> record.from() == null ? Planner.FIRST_UP : Planner.UP_AGAIN;
    };
  }

  private @Nullable Generation generation(@Nullable Integer number) {
    if (number == null) {
      return null;
    }
    return parts.journal().generations().stream()
        .map(GenerationRow::generation)
        .filter(generation -> generation.number() == number)
        .findFirst()
        .orElse(null);
  }

  /** Candidates of no run, and helper containers of an earlier process. */
  private void sweep() {
    for (GenerationRow row : parts.journal().generations()) {
      if (row.state() == State.CANDIDATE) {
        new Retention(parts, names).remove(row.generation());
      }
    }
    List<String> known =
        parts.journal().generations().stream().map(row -> row.generation().container()).toList();
    for (ContainerInfo container : parts.engine().containers(names.ours())) {
      if (!known.contains(container.name())) {
        log.info("removing {}, left by an earlier process", container.name());
        parts.engine().removeContainer(container.name());
      }
    }
  }

  /** The last line of a run, for {@code status}. */
  static String lastStep(List<StepRecord> lines) {
    return lines.isEmpty() ? "" : lines.getLast().step();
  }
}
